import { sql } from 'kysely';
import * as accounts from '../../src/store/accounts.ts';
import type { AuditQuery } from '../../src/store/audit-events.ts';
import * as auditLog from '../../src/store/audit-log.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as integrations from '../../src/store/integrations.ts';
import type { ListPart, ListPlace } from '../../src/store/keyset.ts';
import * as servers from '../../src/store/servers.ts';
import { CALLED_ACTION } from '../../src/store/tool-calls.ts';
import { compare, type Sides } from './compare.ts';
import { INTEGRATION, RARE_ACTION, STATUS, TENANT } from './fill.ts';
import type { Side } from './side.ts';

const CALLS = 40;
/** Rows of a page: a hundred, and the one that tells whether another follows. */
const MANY = 101;
/** Rows of a page of what the small side has little of. */
const FEW = 10;

/** Rows about reading lists page by page: by cursor, and the first page of servers. */
export async function pageRows(sides: Sides): Promise<void> {
  for (const where of ['first', 'middle', 'last'] as const) {
    const list = ({ organizationId, filled }: Side): List => ({
      of: 'endpoints',
      owner: { organization_id: organizationId, account_id: filled.deepAccountId },
    });
    await pages(`endpoints of an account, ${where} page`, sides, { list, where, limit: MANY }, (side, part) => {
      const { store, organizationId, filled } = side;
      return endpoints.page(store.read, { organizationId, accountId: filled.deepAccountId }, part);
    });
  }
  for (const where of ['first', 'last'] as const) {
    const list = ({ organizationId }: Side): List => ({
      of: 'integrations',
      owner: { organization_id: organizationId },
    });
    await pages(`integrations, ${where} page`, sides, { list, where, limit: FEW }, (side, part) =>
      integrations.page(side.store.read, side.organizationId, part),
    );
  }
  await accountPages(sides);
  await auditPages(sides);
  await firstPages(sides);
}

/** Two filters find only the oldest accounts: they are as deep in the list as can be. */
async function accountPages(sides: Sides): Promise<void> {
  const filters: [what: string, filter: accounts.AccountFilter][] = [
    ['', {}],
    [' of a tenant', { tenantId: TENANT[0] }],
    [' with a status', { status: STATUS[1] }],
    [' of an integration', { integrationName: INTEGRATION[1] }],
    [' of servers', { integrationName: accounts.SERVERS_INTEGRATION }],
    [' of servers with a rare status', { integrationName: accounts.SERVERS_INTEGRATION, status: STATUS[1] }],
    [' of a tenant with a rare status', { tenantId: TENANT[0], status: STATUS[1] }],
    [' of a tenant and a rare integration', { tenantId: TENANT[0], integrationName: INTEGRATION[1] }],
    [' with a status of a rare integration', { status: STATUS[0], integrationName: INTEGRATION[1] }],
    [' with all three', { tenantId: TENANT[0], status: STATUS[1], integrationName: INTEGRATION[1] }],
  ];
  for (const [what, filter] of filters) {
    for (const where of ['first', 'last'] as const) {
      // What is rare has one page, and places are found without integrations.
      if (where === 'last' && (Object.keys(filter).length > 1 || filter.integrationName !== undefined)) {
        continue;
      }
      const list = ({ organizationId }: Side): List => ({
        of: 'accounts',
        owner: {
          organization_id: organizationId,
          ...(filter.tenantId !== undefined && { tenant_id: filter.tenantId }),
          ...(filter.status !== undefined && { status: filter.status }),
        },
      });
      await pages(`accounts${what}, ${where} page`, sides, { list, where, limit: FEW }, (side, part) =>
        accounts.page(side.store.read, side.organizationId, part, filter),
      );
    }
  }
}

async function auditPages(sides: Sides): Promise<void> {
  const action = 'endpoint.created';
  for (const where of ['first', 'middle', 'last'] as const) {
    const list = (): List => ({ of: 'audit_events', owner: {} });
    await pages(`audit events, ${where} page`, sides, { list, where, limit: MANY }, ({ store }, part) =>
      auditLog.page(store.read, part),
    );
  }
  const first = (what: string, limit: number, query: (side: Side) => Partial<AuditQuery>) =>
    pages(`audit events ${what}`, sides, { list: null, where: 'first', limit }, (side, part) =>
      auditLog.page(side.store.read, { ...part, ...query(side) }),
    );
  await first('of an organization', MANY, ({ organizationId }) => ({ organizationId }));
  await first('of an action', MANY, () => ({ action }));
  await first('of tool calls', MANY, () => ({ action: CALLED_ACTION }));
  await first('of tool calls of an organization', MANY, ({ organizationId }) => ({
    organizationId,
    action: CALLED_ACTION,
  }));
  await first('of an organization and a rare action', FEW, ({ organizationId }) => ({
    organizationId,
    action: RARE_ACTION,
  }));
}

async function firstPages(sides: Sides): Promise<void> {
  for (const sort of ['created_at', 'updated_at', 'name'] as const) {
    for (const order of ['asc', 'desc'] as const) {
      const work = ({ store, organizationId }: Side) =>
        servers.page(store.read, organizationId, { offset: 0, limit: 100, sort, order });
      await compare(`servers by ${sort} ${order}, page 0`, sides, { calls: CALLS, work });
    }
    const work = ({ get }: Side) => get(`/api/mcp-servers?limit=100&sort=${sort}`);
    await compare(`servers by ${sort}, page 0 over HTTP`, sides, { calls: CALLS, work });
  }
  const endpointsOver = ({ get, filled }: Side) => get(`/integrated-account/${filled.deepAccountId}/mcp`);
  await compare('endpoints, first page over HTTP', sides, { calls: CALLS, work: endpointsOver });
  const accountsOver = ({ get }: Side) => get('/integrated-account');
  await compare('accounts, first page over HTTP', sides, { calls: CALLS, work: accountsOver });
}

/** The rows of a table that have the owner's columns. */
type List = {
  readonly of: 'endpoints' | 'integrations' | 'accounts' | 'audit_events';
  readonly owner: Readonly<Record<string, string>>;
};
type Where = 'first' | 'middle' | 'last';

async function pages(
  what: string,
  sides: Sides,
  { list, where, limit }: { list: ((side: Side) => List) | null; where: Where; limit: number },
  read: (side: Side, part: ListPart) => Promise<unknown[]>,
): Promise<void> {
  const parts = new Map<Side, ListPart>();
  for (const side of sides) {
    const before = list && where !== 'first' ? await placeBefore(side, list(side), where, limit) : undefined;
    parts.set(side, { limit, ...(before && { before }) });
  }
  const work = async (side: Side): Promise<void> => {
    const rows = await read(side, parts.get(side) ?? { limit });
    if (rows.length !== limit) {
      throw new Error(`${what}: ${rows.length} rows instead of ${limit}`);
    }
  };
  await compare(what, sides, { calls: CALLS, work });
}

/** The row before the middle or the last full page of a list. */
async function placeBefore({ store }: Side, { of, owner }: List, where: Where, limit: number): Promise<ListPlace> {
  const conditions = Object.entries(owner).map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  const from = sql`from ${sql.table(of)} where ${sql.join([sql`1 = 1`, ...conditions], sql` and `)}`;
  const counted = await sql<{ total: number }>`select count(*) as total ${from}`.execute(store.read.sql);
  const total = counted.rows[0]?.total ?? 0;
  const offset = (where === 'last' ? total - limit : Math.floor(total / 2)) - 1;
  const at = sql.ref(of === 'audit_events' ? 'at' : 'created_at');
  const { rows } =
    await sql<ListPlace>`select ${at} as at, id ${from} order by ${at} desc, id desc limit 1 offset ${offset}`.execute(
      store.read.sql,
    );
  const [row] = rows;
  if (!row) {
    throw new Error(`${of} has no row ${offset}`);
  }
  return row;
}
