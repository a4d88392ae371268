import { audit } from '../audit/changes.ts';
import type { Session } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { hashSecret, type Ids } from '../base/ids.ts';
import * as apiTokens from '../store/api-tokens.ts';
import * as keyPairs from '../store/key-pairs.ts';
import * as sessions from '../store/sessions.ts';
import type { Db, Store } from '../store/store.ts';
import type { Credentials } from './credentials.ts';
import { callerOf, SESSION_MS } from './sessions.ts';

/** Sessions that one subject may have at a time; a new one ends the oldest. */
export const MAX_SESSIONS = 100;

/** What signing in needs. */
export type SignInDeps = {
  readonly store: Store;
  readonly credentials: Credentials;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly ids: Ids;
};

/** The credentials that a person signs in with; null where there are none of a kind. */
export type Given = {
  readonly operatorToken: string | null;
  readonly apiToken: string | null;
  readonly keyPair: { readonly key: string; readonly secret: string } | null;
};

/** A credential to sign in with is wrong, or has expired; `names` are those that are. */
export class WrongCredentials extends Error {
  readonly names: readonly (keyof Given)[];

  constructor(names: readonly (keyof Given)[]) {
    super(`wrong, or expired: ${names.join(', ')}`);
    this.names = names;
  }
}

/**
 * Makes a session of credentials, at least one, and returns it with its token, of which the database stores the hash. By
 * default the name of the person is that of the credentials. Throws WrongCredentials, `mixed_organizations`.
 */
export async function signIn(
  deps: SignInDeps,
  given: Given,
  name: string | null,
): Promise<{ session: Session; token: string }> {
  const { credentials, ids, store } = deps;
  const { operatorToken, keyPair, apiToken } = given;
  const operator = operatorToken === null ? null : credentials.operator(operatorToken);
  const pair = keyPair && (await credentials.keyPair(keyPair.key, keyPair.secret));
  const token = apiToken === null ? null : await credentials.apiToken(apiToken);
  const found = { operatorToken: operator, keyPair: pair, apiToken: token };
  const wrong = (Object.keys(found) as (keyof Given)[]).filter((kind) => found[kind] === undefined);
  if (wrong.length > 0) {
    throw new WrongCredentials(wrong);
  }
  if (pair && token && pair.organizationId !== token.organizationId) {
    throw new ApiError(
      'mixed_organizations',
      'The API token and the key pair belong to two organizations. Sign in with those of one.',
    );
  }
  const holder = pair ?? token ?? null;
  const secret = ids.session();
  const stored = {
    id: ids.uuid(),
    tokenHash: hashSecret(secret),
    subject: holder === null ? 'operator' : `${holder.kind}:${holder.id}`,
    name: name ?? holder?.name ?? 'operator',
    organizationId: holder?.organizationId ?? null,
    keyPairId: pair?.id ?? null,
    apiTokenId: token?.id ?? null,
    operatorTokenHash: operatorToken && hashSecret(operatorToken),
    memberIds: [],
  };
  const insert = (db: Db) => insertSession(db, deps, given, stored);
  await (holder === null ? store.write(insert) : store.writeFor(holder.organizationId, insert));
  const session = await credentials.session(secret, true);
  if (session === undefined) {
    throw new WrongCredentials((Object.keys(given) as (keyof Given)[]).filter((kind) => given[kind] !== null));
  }
  return { session, token: secret };
}

async function insertSession(
  db: Db,
  { now }: SignInDeps,
  { keyPair, apiToken }: Given,
  session: Omit<sessions.NewSession, 'expiresAt' | 'createdAt'>,
): Promise<void> {
  const at = now();
  const pair = keyPair && (await keyPairs.findByKeyHash(db, hashSecret(keyPair.key)));
  const token = apiToken === null ? null : await apiTokens.findByHash(db, hashSecret(apiToken));
  if ((keyPair === null) !== (pair === null) || (apiToken === null) !== (token === null)) {
    throw new WrongCredentials([pair === null && keyPair !== null ? 'keyPair' : 'apiToken']);
  }
  const expiresAt = Math.min(at + SESSION_MS, pair?.expiresAt ?? Infinity, token?.expiresAt ?? Infinity);
  await storeSession(db, { ...session, expiresAt, createdAt: at });
}

/** Stores a session and audits it, as the person's. A subject has at most MAX_SESSIONS. */
export async function storeSession(db: Db, session: sessions.NewSession): Promise<void> {
  await sessions.insert(db, session, MAX_SESSIONS);
  const { id, subject, name, organizationId, createdAt: at } = session;
  await audit(db, {
    at,
    actor: { kind: 'session', id: subject, name, organizationId },
    action: 'session.created',
    target: { kind: 'session', id },
  });
}

/** Ends a session. One that has ended meanwhile is no error. */
export async function signOut({ store, now }: Pick<SignInDeps, 'store' | 'now'>, session: Session): Promise<void> {
  const { organization, id } = session;
  const remove = async (db: Db) => {
    if (await sessions.remove(db, id)) {
      const actor = callerOf(session);
      await audit(db, { at: now(), actor, action: 'session.deleted', target: { kind: 'session', id } });
    }
  };
  await (organization === null ? store.write(remove) : store.writeFor(organization.id, remove));
}
