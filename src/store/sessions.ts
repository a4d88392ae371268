import { readJson } from '../base/read-json.ts';
import {
  type Permission,
  readPermission,
  readTokenPermission,
  type TokenPermission,
} from '../contract/closed-words.ts';
import { touch, type Use } from './last-used.ts';
import { type Member, toMember } from './members.ts';
import { PURGE_SLICE_ROWS } from './purge.ts';
import type { Db } from './store.ts';

/** The credentials that a session came from; a credential that was not given is null. */
export type SessionSource = {
  readonly organizationId: string | null;
  readonly keyPairId: string | null;
  readonly apiTokenId: string | null;
  /** The hash of the operator token, empty where the operator needs none. */
  readonly operatorTokenHash: string | null;
  /** The members that the person is by what the OpenID provider says; none for other credentials. */
  readonly memberIds: readonly string[];
};

/** A session before it is stored. Times are milliseconds since the epoch. */
export type NewSession = SessionSource & {
  readonly id: string;
  readonly tokenHash: string;
  readonly subject: string;
  readonly name: string;
  readonly expiresAt: number;
  readonly createdAt: number;
};

/** A stored session with its credentials as they are now. */
export type StoredSession = {
  readonly id: string;
  readonly subject: string;
  readonly name: string;
  readonly organization: { readonly id: string; readonly name: string } | null;
  readonly keyPair: { readonly id: string; readonly name: string; readonly permissions: Permission[] } | null;
  readonly apiToken: { readonly id: string; readonly name: string; readonly permissions: TokenPermission[] } | null;
  readonly operatorTokenHash: string | null;
  readonly members: readonly Member[];
  readonly expiresAt: number;
  readonly lastUsedAt: number;
};

/** Stores a session, used now for the first time, and ends the oldest of its subject beyond `most`. */
export async function insert(db: Db, session: NewSession, most: number): Promise<void> {
  const oldest = await db.sql
    .selectFrom('sessions')
    .select('id')
    .where('subject', '=', session.subject)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .offset(most - 1)
    .limit(PURGE_SLICE_ROWS)
    .execute();
  await removeAll(db, oldest);
  await db.sql
    .insertInto('sessions')
    .values({
      id: session.id,
      token_hash: session.tokenHash,
      subject: session.subject,
      name: session.name,
      organization_id: session.organizationId,
      key_pair_id: session.keyPairId,
      api_token_id: session.apiTokenId,
      operator_token_hash: session.operatorTokenHash,
      member_count: session.memberIds.length,
      expires_at: session.expiresAt,
      last_used_at: session.createdAt,
      created_at: session.createdAt,
    })
    .execute();
  for (const memberId of session.memberIds) {
    await db.sql.insertInto('session_members').values({ session_id: session.id, member_id: memberId }).execute();
  }
}

/** Returns the session with that hash, ended by time or not, or null. A session goes with each of its credentials. */
export async function findByHash(db: Db, tokenHash: string): Promise<StoredSession | null> {
  const row = await db.sql
    .selectFrom('sessions as s')
    .leftJoin('organizations as o', 'o.id', 's.organization_id')
    .leftJoin('key_pairs as p', 'p.id', 's.key_pair_id')
    .leftJoin('api_tokens as t', 't.id', 's.api_token_id')
    .select([
      's.id',
      's.subject',
      's.name',
      's.operator_token_hash',
      's.expires_at',
      's.last_used_at',
      's.member_count',
    ])
    .select(['o.id as organization_id', 'o.name as organization_name'])
    .select(['p.id as pair_id', 'p.name as pair_name', 'p.permissions as pair_permissions'])
    .select(['t.id as token_id', 't.name as token_name', 't.permissions as token_permissions'])
    .where('s.token_hash', '=', tokenHash)
    .executeTakeFirst();
  if (row === undefined) {
    return null;
  }
  const members = row.member_count === 0 ? [] : await membersOf(db, row.id);
  if (members.length < row.member_count) {
    return null;
  }
  const { pair_id: pairId, token_id: tokenId, organization_id: organizationId } = row;
  return {
    id: row.id,
    subject: row.subject,
    name: row.name,
    organization: organizationId === null ? null : { id: organizationId, name: row.organization_name ?? '' },
    keyPair:
      pairId === null
        ? null
        : {
            id: pairId,
            name: row.pair_name ?? '',
            permissions: wordsIn(row.pair_permissions, (word) => readPermission(word, 'key_pairs', pairId)),
          },
    apiToken:
      tokenId === null
        ? null
        : {
            id: tokenId,
            name: row.token_name ?? '',
            permissions: wordsIn(row.token_permissions, (word) => readTokenPermission(word, 'api_tokens', tokenId)),
          },
    operatorTokenHash: row.operator_token_hash,
    members,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}

async function membersOf(db: Db, sessionId: string): Promise<Member[]> {
  const rows = await db.sql
    .selectFrom('session_members as s')
    .innerJoin('members as m', 'm.id', 's.member_id')
    .selectAll('m')
    .where('s.session_id', '=', sessionId)
    .execute();
  return rows.map(toMember);
}

const wordsIn = <T>(json: string | null, read: (word: string) => T): T[] =>
  (readJson(json ?? '[]') as string[]).map(read);

/** Ends a session. Returns false if there is none with this id. */
export async function remove(db: Db, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql.deleteFrom('sessions').where('id', '=', id).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Records the last use of sessions; ignores ended ones. */
export async function touchLastUsed(db: Db, uses: readonly Use[]): Promise<void> {
  await touch(db, 'sessions', uses);
}

/** Deletes at most a slice of the sessions that ended by `now`, or were last used before `idleSince`. Returns how many. */
export async function purge(db: Db, now: number, idleSince: number): Promise<number> {
  const ended = await db.sql
    .selectFrom('sessions')
    .select('id')
    .where(({ or, eb }) => or([eb('expires_at', '<=', now), eb('last_used_at', '<', idleSince)]))
    .limit(PURGE_SLICE_ROWS)
    .execute();
  await removeAll(db, ended);
  return ended.length;
}

async function removeAll(db: Db, rows: readonly { readonly id: string }[]): Promise<void> {
  if (rows.length > 0) {
    const ids = rows.map(({ id }) => id);
    await db.sql.deleteFrom('sessions').where('id', 'in', ids).execute();
  }
}
