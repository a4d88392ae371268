import { createCipheriv, createDecipheriv, createHash, createSecretKey, randomBytes } from 'node:crypto';
import { StoreRefused } from './errors.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The length of a key's id. */
export const KEY_ID_DIGITS = 8;

/** Seals text so that reading it requires the key and the same context. */
export type Sealer = {
  /** The id of the first key, which seals. */
  readonly keyId: string;
  /**
   * Encrypts `plain` with the first key. `context` names the place of the value, e.g. `servers.request_headers:<id>`.
   */
  seal(plain: string, context: string): string;
  /** Decrypts a result of `seal`. Throws if the key is unknown, the context differs, or the value is damaged. */
  open(sealed: string, context: string): string;
};

/** The public name of a key: the first 8 hexadecimal digits of its SHA-256. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, KEY_ID_DIGITS);
}

/** The id of the key that sealed a value. */
function keyIdOfSealed(sealed: string): string {
  return sealed.slice(0, sealed.indexOf('.'));
}

/**
 * A sealer over 32-byte keys: the first seals, any opens (AES-256-GCM; `<keyId>.<base64url(iv | ciphertext | tag)>`).
 * Throws StoreRefused when there is no key or one has another length.
 */
export function createSealer(keys: readonly Buffer[]): Sealer {
  const [first] = keys;
  if (!first || keys.some((key) => key.length !== KEY_BYTES)) {
    throw new StoreRefused(`GATEHOUSE_SECRET_KEY must hold one or more keys of ${KEY_BYTES} bytes, in base64.`);
  }
  // From bytes, every single use would import the key anew, which costs more than the cipher.
  const byId = new Map(keys.map((key) => [keyIdOf(key), createSecretKey(key)]));
  const sealing = createSecretKey(first);
  const firstId = keyIdOf(first);

  return {
    keyId: firstId,
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, sealing, iv).setAAD(Buffer.from(context));
      const bytes = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${firstId}.${bytes.toString('base64url')}`;
    },
    open(sealed, context) {
      const keyId = keyIdOfSealed(sealed);
      const key = byId.get(keyId);
      if (!key) {
        throw new Error(`A value in ${context} is sealed with key ${keyId}, which is not among the keys given.`);
      }
      const text = sealed.slice(keyId.length + 1);
      const bytes = Buffer.from(text, 'base64url');
      if (bytes.toString('base64url') !== text) {
        // Node reads base64 with anything in between: one value would have many spellings.
        throw new Error(`A sealed value in ${context} does not open: it is not spelt as it was sealed.`);
      }
      const iv = bytes.subarray(0, IV_BYTES);
      const tag = bytes.subarray(-TAG_BYTES);
      try {
        const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES })
          .setAAD(Buffer.from(context))
          .setAuthTag(tag);
        return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        throw new Error(`A sealed value in ${context} does not open: it was damaged or moved here.`, { cause });
      }
    },
  };
}
