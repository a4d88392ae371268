import { timingSafeEqual } from 'node:crypto';
import { type ApiTokenCaller, type KeyPairCaller, OPERATOR, type Operator, type Session } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { hashSecret } from '../base/ids.ts';
import * as apiTokens from '../store/api-tokens.ts';
import * as keyPairs from '../store/key-pairs.ts';
import * as organizations from '../store/organizations.ts';
import type { Db, Store } from '../store/store.ts';
import { createSessions } from './sessions.ts';

/** Checks credentials. The result does not distinguish expired and unknown credentials. */
export type Credentials = {
  /** Returns the operator if the token is right, or if none is required. */
  readonly operator: (token: string | undefined) => Operator | undefined;
  /** Returns the holder of the key pair, if key and secret belong together and have not expired. */
  readonly keyPair: (key: string, secret: string) => Promise<KeyPairCaller | undefined>;
  /** Returns the holder of the API token, if it exists and has not expired. */
  readonly apiToken: (token: string) => Promise<ApiTokenCaller | undefined>;
  /** Returns the session with that token while it lasts. Unless `isUse`, this does not count as a request of the person. */
  readonly session: (token: string, isUse: boolean) => Promise<Session | undefined>;
  /** Stores the last use of credentials; called periodically, outside of requests. */
  readonly saveLastUsed: () => Promise<void>;
};

/** The parts of the checks. */
export type CredentialsOptions = {
  readonly store: Store;
  readonly now: () => number;
  /** SHA-256 of the operator token, or null when the operator needs none (`GATEHOUSE_ADMIN_AUTH=none`). */
  readonly operatorTokenHash: string | null;
};

/** Creates the checks for a store. */
export function createCredentials({ store, now, operatorTokenHash }: CredentialsOptions): Credentials {
  const sessions = createSessions(store, { now, operatorTokenHash });
  const lastUsed = { keyPairs: new Map<string, number>(), apiTokens: new Map<string, number>() };
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
      lastUsed.keyPairs.set(pair.id, at);
      return {
        kind: 'key_pair',
        id: pair.id,
        name: pair.name,
        organizationId: pair.organizationId,
        permissions: pair.permissions,
      };
    },
    apiToken: async (token) => {
      const found = await apiTokens.findByHash(store.read, hashSecret(token));
      const at = now();
      if (found === null || (found.expiresAt ?? Infinity) <= at) {
        return undefined;
      }
      lastUsed.apiTokens.set(found.id, at);
      return {
        kind: 'api_token',
        id: found.id,
        name: found.name,
        organizationId: found.organizationId,
        permissions: found.permissions,
      };
    },
    session: sessions.find,
    saveLastUsed: async () => {
      await sessions.saveLastUsed();
      const [pairs, tokens] = [takeUses(lastUsed.keyPairs), takeUses(lastUsed.apiTokens)];
      if (pairs.length + tokens.length > 0) {
        await store.write(async (db) => {
          await keyPairs.touchLastUsed(db, pairs);
          await apiTokens.touchLastUsed(db, tokens);
        });
      }
    },
  };
}

function takeUses(lastUsed: Map<string, number>): { id: string; at: number }[] {
  const uses = [...lastUsed].map(([id, at]) => ({ id, at }));
  lastUsed.clear();
  return uses;
}

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** Throws 401 if the organization of a caller no longer exists: it may be deleted during one of its requests. */
export async function requireOrganization(db: Db, organizationId: string): Promise<void> {
  if ((await organizations.find(db, organizationId)) === null) {
    throw new ApiError('unauthorized', 'The organization of these credentials has been deleted.');
  }
}
