import type { Db } from './store.ts';

/** A period of time, in milliseconds since the epoch: later than `after`, and at most `until`. */
export type Period = { readonly after: number; readonly until: number };

/** Something that expires. */
type Expiring = {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
};

/** An endpoint that expires. */
export type ExpiringEndpoint = Expiring & { readonly accountId: string };

/** An API token or a key pair that expires. */
export type ExpiringCredential = Expiring & { readonly kind: 'api_token' | 'key_pair' };

type Row = { id: string; organization_id: string; name: string; expires_at: number | null };

/** Returns the first `limit` endpoints of an organization, or of all (null), that expire within a period. */
export async function endpoints(
  { sql }: Db,
  organizationId: string | null,
  { after, until }: Period,
  limit: number,
): Promise<ExpiringEndpoint[]> {
  const rows = await sql
    .selectFrom('endpoints')
    .select(['id', 'organization_id', 'account_id', 'name', 'expires_at'])
    .where('expires_at', '>', after)
    .where('expires_at', '<=', until)
    .$if(organizationId !== null, (query) => query.where('organization_id', '=', organizationId as string))
    .orderBy('expires_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...toExpiring(row), accountId: row.account_id }));
}

/** Returns the first `limit` API tokens and key pairs of an organization, or of all (null), that expire within a period. */
export async function credentials(
  { sql }: Db,
  organizationId: string | null,
  { after, until }: Period,
  limit: number,
): Promise<ExpiringCredential[]> {
  const expiring = (table: 'api_tokens' | 'key_pairs') =>
    sql
      .selectFrom(table)
      .select(['id', 'organization_id', 'name', 'expires_at'])
      .where('expires_at', '>', after)
      .where('expires_at', '<=', until)
      .$if(organizationId !== null, (query) => query.where('organization_id', '=', organizationId as string))
      .orderBy('expires_at')
      .orderBy('id')
      .limit(limit)
      .execute();
  const [tokens, pairs] = await Promise.all([expiring('api_tokens'), expiring('key_pairs')]);
  return [
    ...tokens.map((row) => ({ ...toExpiring(row), kind: 'api_token' as const })),
    ...pairs.map((row) => ({ ...toExpiring(row), kind: 'key_pair' as const })),
  ]
    .toSorted((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1))
    .slice(0, limit);
}

const toExpiring = (row: Row): Expiring => ({
  id: row.id,
  organizationId: row.organization_id,
  name: row.name,
  expiresAt: Number(row.expires_at),
});
