import { timingSafeEqual } from 'node:crypto';
import { type KeyPairCaller, OPERATOR, type Operator, type Permission } from './caller.ts';
import { hashSecret } from './ids.ts';
import * as keyPairs from './store/key-pairs.ts';
import type { Store } from './store/store.ts';

/** Checks credentials. Expired and unknown ones are told apart by nobody. */
export type Credentials = {
  /** The operator, when the token is theirs, or when none is asked for. */
  readonly operator: (token: string | undefined) => Operator | undefined;
  /** Who holds the key pair, when key and secret belong together and have not expired. */
  readonly keyPair: (key: string, secret: string) => Promise<KeyPairCaller | undefined>;
  /** Writes down when credentials were last used; called now and then, off the path of requests. */
  readonly saveLastUsed: () => Promise<void>;
};

export type CredentialsOptions = {
  readonly store: Store;
  readonly now: () => number;
  /** SHA-256 of the operator token, or null when the operator needs none (`GATEHOUSE_ADMIN_AUTH=none`). */
  readonly operatorTokenHash: string | null;
};

/** Makes the checks over a store. */
export function createCredentials({ store, now, operatorTokenHash }: CredentialsOptions): Credentials {
  const lastUsed = new Map<string, number>();
  return {
    operator: (token) => {
      const right = operatorTokenHash === null || (token !== undefined && equal(hashSecret(token), operatorTokenHash));
      return right ? OPERATOR : undefined;
    },
    keyPair: async (key, secret) => {
      const pair = await keyPairs.findByKeyHash(store.read, hashSecret(key));
      const at = now();
      if (pair === null || !equal(hashSecret(secret), pair.secretHash) || (pair.expiresAt ?? Infinity) <= at) {
        return undefined;
      }
      lastUsed.set(pair.id, at);
      return {
        kind: 'key_pair',
        id: pair.id,
        name: pair.name,
        organizationId: pair.organizationId,
        permissions: pair.permissions as Permission[],
      };
    },
    saveLastUsed: async () => {
      const uses = [...lastUsed].map(([id, at]) => ({ id, at }));
      lastUsed.clear();
      if (uses.length > 0) {
        await store.write((db) => keyPairs.touchLastUsed(db, uses));
      }
    },
  };
}

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
