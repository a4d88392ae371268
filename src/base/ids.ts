import { hash, randomBytes, randomUUID } from 'node:crypto';

/** The source of ids and secrets. */
export type Ids = {
  /** A UUID version 4, in lower case. */
  readonly uuid: () => string;
  /** `org_` and 27 base-62 characters. */
  readonly organization: () => string;
  /** `prefix` and 40 base-62 characters: 238 random bits. */
  readonly secret: (prefix: string) => string;
  /** The token of a session: 256 random bits as 43 characters of base64url. */
  readonly session: () => string;
  /** The token of an endpoint: 128 random bits as 32 hexadecimal characters, the form of seed 004. */
  readonly endpointToken: () => string;
};

/** The cryptographically random source of ids and secrets. */
export const randomIds: Ids = {
  uuid: randomUUID,
  organization: () => `org_${base62(27)}`,
  secret: (prefix) => prefix + base62(40),
  session: () => randomBytes(32).toString('base64url'),
  endpointToken: () => randomBytes(16).toString('hex'),
};

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random base-62 characters, each equally likely: bytes of 248 and above are thrown away. */
function base62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      text += byte < 248 ? ALPHABET[byte % 62] : '';
    }
  }
  return text.slice(0, length);
}

/** Returns the stored form of a secret with at least 128 random bits: its SHA-256, in hexadecimal. */
export const hashSecret = (secret: string): string => hash('sha256', secret, 'hex');

/** Returns the visible first characters of a secret. */
export const prefixOf = (secret: string): string => secret.slice(0, 8);
