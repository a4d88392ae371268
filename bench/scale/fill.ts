import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { hashSecret } from '../../src/base/ids.ts';
import { newEventId } from '../../src/store/event-ids.ts';
import * as integrations from '../../src/store/integrations.ts';
import * as organizations from '../../src/store/organizations.ts';
import type { Database } from '../../src/store/schema.ts';
import type { Store } from '../../src/store/store.ts';
import { insertMany } from './insert.ts';
import type { Size } from './sizes.ts';

/** What a filled database holds, to be asked for. */
export type Filled = {
  readonly serverIds: string[];
  /** Some endpoints of the organization that owns the servers, all over the database. */
  readonly endpoints: { readonly accountId: string; readonly id: string }[];
  readonly accountIds: string[];
  readonly deepAccountId: string;
};

/** Accounts that differ from all others in tenant, status or integration, for each way to differ; they are the oldest. */
const ODD_OF_EACH = 10;
const START = 1_700_000_000_000;
/** Endpoints to remember, about: more than any cache holds the pages of. */
const SAMPLE = 40_000;

type Kind = readonly [tenant: number, status: number, integration: number];
const ODD: readonly Kind[] = [
  [0, 1, 0],
  [0, 0, 1],
  [0, 1, 1],
];
export const STATUS = ['active', 'needs_reauth'] as const;
/** Half of the accounts have the first of everything, half the second: two together find nothing but what is odd. */
export const TENANT = ['tenant-0', 'tenant-1'] as const;
export const INTEGRATION = ['integration-0', 'integration-1'] as const;

/** Fills a database in which `organizationId` is there already. */
export async function fill(
  store: Store,
  organizationId: string,
  size: Size,
  report: (line: string) => void,
): Promise<Filled> {
  await cache(store, FILLING_KIB);
  const owners = [organizationId, ...Array.from({ length: size.others }, () => `org_${randomUUID()}`)];
  const made = await fillIntegrations(store, owners, size.integrations);

  const serverIds = Array.from({ length: size.servers }, () => randomUUID() as string);
  await insertMany(store, 'servers', size.servers, (index) => server(store, serverIds, organizationId, index), report);
  await store.write((db) =>
    db.sql.updateTable('organizations').set({ server_count: size.servers }).where('id', '=', organizationId).execute(),
  );

  const accountCount = size.accounts + size.others * size.accountsOfEach;
  const accountIds = Array.from({ length: accountCount }, () => randomUUID() as string);
  const ownerOf = (index: number): string =>
    at(owners, index < size.accounts ? 0 : 1 + ((index - size.accounts) % size.others));
  const account = (index: number): Database['accounts'] => {
    const id = at(accountIds, index);
    const owner = ownerOf(index);
    const half = index % 2;
    const [tenant, status, integration] = ODD[Math.floor(index / ODD_OF_EACH)] ?? [half, half, half];
    return {
      organization_id: owner,
      id,
      server_id: null,
      shared_server_id: null,
      integration_id: at(made.get(owner) ?? [], integration),
      tenant_id: at(TENANT, tenant),
      authentication_method: 'api_key',
      context: store.read.secrets.seal(JSON.stringify({ api_key: 'k'.repeat(40) }), `accounts.context:${id}`),
      is_by_operation: 1,
      has_fixed_values: 0,
      status: at(STATUS, status),
      version: 1,
      created_at: START + index,
      updated_at: START + index,
    };
  };
  await insertMany(store, 'accounts', accountCount, account, report);
  await insertMany(store, 'accounts', size.servers, (index) => ofServer(serverIds, organizationId, index), report);

  const endpoints: { accountId: string; id: string }[] = [];
  const endpoint = (index: number): Database['endpoints'] => {
    // The deep account's are spread in time among the others'.
    const isDeep = index % (size.endpoints / size.deep) === 0;
    const place = isDeep ? size.accounts - 1 : index % accountCount;
    const accountId = at(accountIds, place);
    const id = randomUUID();
    if (place < size.accounts && Math.random() < SAMPLE / size.endpoints) {
      endpoints.push({ accountId, id });
    }
    return {
      id,
      organization_id: ownerOf(place),
      account_id: accountId,
      name: `Endpoint ${index}`,
      config: '{"methods":["read"],"tags":["support"]}',
      token_hash: hashSecret(id),
      expires_at: index % 4 === 0 ? START * 2 + index : null,
      created_by: 'bench',
      version: 1,
      // Some share their millisecond.
      created_at: START + Math.floor(index / 3),
      updated_at: START + index,
    };
  };
  await insertMany(store, 'endpoints', size.endpoints, endpoint, report);
  await insertMany(store, 'audit_events', size.auditEvents, (index) => auditEvent(owners, size, index), report);
  await insertMany(store, 'tool_calls', size.toolCalls, (index) => toolCall(owners, size, index), report);
  await cache(store, DEFAULT_KIB);
  await settle(store);
  const ours = accountIds.slice(0, size.accounts);
  return { serverIds, endpoints, accountIds: ours, deepAccountId: at(ours, size.accounts - 1) };
}

/** Two integrations for every organization, and for the first as many as its size says; their ids by organization. */
async function fillIntegrations(store: Store, owners: readonly string[], many: number): Promise<Map<string, string[]>> {
  const made = new Map<string, string[]>();
  const contents = { document: Buffer.alloc(4096), tools: Buffer.alloc(4096), selectors: '[]' };
  for (const owner of owners) {
    const ids = Array.from({ length: owner === owners[0] ? many : 2 }, () => randomUUID() as string);
    made.set(owner, ids);
    await store.write(async (db) => {
      if (owner !== owners[0]) {
        await organizations.insert(db, { id: owner, name: owner, createdAt: START, updatedAt: START });
      }
      for (const [index, id] of ids.entries()) {
        await integrations.insert(db, integration(owner, id, index), contents);
      }
    });
  }
  return made;
}

const integration = (organizationId: string, id: string, index: number): integrations.NewIntegration => ({
  id,
  organizationId,
  name: `integration-${index}`,
  baseUrl: null,
  toolTags: {},
  approvalPolicy: 'require_approval_all',
  timeoutSeconds: null,
  outputSchemas: 'loose',
  naming: 2,
  undocumented: 'skip',
  requiredApprovals: 1,
  toolCount: 10,
  toolsBytes: 1234,
  skipped: [],
  warnings: [],
  service: '{}',
  createdAt: START + index,
  updatedAt: START + index,
});

function server({ read }: Store, ids: readonly string[], owner: string, index: number): Database['servers'] {
  const id = at(ids, index);
  // Names in an order of their own.
  const name = `Server ${id.slice(0, 8)}`;
  const description = `Forecasts, tides and moon phases for region ${index % 1000}`;
  const url = `https://${id.slice(0, 13)}.example.com/mcp`;
  return {
    id,
    organization_id: owner,
    name,
    description,
    url,
    transport: 'STREAMABLE_HTTP',
    request_headers: read.secrets.seal('{"Authorization":"Bearer upstream"}', `servers.request_headers:${id}`),
    approval_policy: 'require_approval_all',
    tags: '["read"]',
    timeout_seconds: null,
    required_approvals: 1,
    search_text: `${name}\n${description}\n${url}`.toLowerCase(),
    version: 1,
    created_at: START + Math.floor(index / 3),
    updated_at: START + ((index * 7919) % ids.length),
  };
}

/** The account of a server. The oldest have the status that their others have not. */
function ofServer(ids: readonly string[], owner: string, index: number): Database['accounts'] {
  const id = at(ids, index);
  return {
    organization_id: owner,
    id,
    server_id: id,
    shared_server_id: null,
    integration_id: null,
    tenant_id: null,
    authentication_method: 'none',
    context: null,
    is_by_operation: null,
    has_fixed_values: null,
    status: at(STATUS, index < ODD_OF_EACH ? 1 : 0),
    version: null,
    created_at: START + Math.floor(index / 3),
    updated_at: null,
  };
}

/** Every action but one is common, and the organization that owns the servers has all of that one, long ago. */
export const RARE_ACTION = 'server.deleted';

function auditEvent(owners: readonly string[], size: Size, index: number): Database['audit_events'] {
  const eventAt = START + Math.floor(index / 3);
  const isRare = index < ODD_OF_EACH;
  return {
    id: newEventId(eventAt),
    at: eventAt,
    actor_kind: 'key_pair',
    actor_id: 'bench',
    actor_name: 'bench',
    organization_id: at(owners, isRare || index % 2 === 0 ? 0 : 1 + (index % size.others)),
    action: isRare || index % 2 === 1 ? RARE_ACTION : 'endpoint.created',
    target_kind: 'endpoint',
    target_id: `target-${index}`,
    outcome: 'success',
    details: '{}',
  };
}

/** Half of the calls are the first organization's, among the audit events in time. */
function toolCall(owners: readonly string[], size: Size, index: number): Database['tool_calls'] {
  const calledAt = START + Math.floor(index / 3);
  return {
    id: newEventId(calledAt),
    at: calledAt,
    organization_id: at(owners, index % 2 === 0 ? 0 : 1 + (index % size.others)),
    endpoint_id: 'bench',
    endpoint_name: 'bench',
    tool: `account/tool-${index % 20}`,
    duration_ms: index % 1000,
    request_bytes: 1000,
    response_bytes: 1000,
    reason: null,
    arguments: null,
    arguments_cut: 0,
  };
}

/** How much SQLite keeps of the database while it is filled, and by default. */
const FILLING_KIB = 512 * 1024;
const DEFAULT_KIB = 2000;

async function cache(store: Store, kibibytes: number): Promise<void> {
  if (store.engine === 'sqlite') {
    await store.write((db) => sql.raw(`pragma cache_size = -${kibibytes}`).execute(db.sql));
  }
}

/** PostgreSQL does this by itself, some time later. */
async function settle({ engine, read }: Store): Promise<void> {
  if (engine === 'postgres') {
    await sql`vacuum analyze`.execute(read.sql);
  }
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) {
    throw new RangeError(`there is no item ${index} among ${list.length}`);
  }
  return item;
}
