import { randomUUID } from 'node:crypto';
import * as accounts from '../../../src/store/accounts.ts';
import type { NewApiToken } from '../../../src/store/api-tokens.ts';
import type { NewAuditEvent } from '../../../src/store/audit-events.ts';
import * as catalogues from '../../../src/store/catalogues.ts';
import type { AccountKey, NewEndpoint } from '../../../src/store/endpoints.ts';
import { newEventId } from '../../../src/store/event-ids.ts';
import type { Grantees } from '../../../src/store/grants.ts';
import * as grants from '../../../src/store/grants.ts';
import * as integrations from '../../../src/store/integrations.ts';
import type { NewKeyPair } from '../../../src/store/key-pairs.ts';
import * as organizations from '../../../src/store/organizations.ts';
import type { NewServer } from '../../../src/store/servers.ts';
import type { McpServerConfig, NewSharedServer, SharedServer } from '../../../src/store/shared-servers.ts';
import * as sharedServers from '../../../src/store/shared-servers.ts';
import type { Db, Store } from '../../../src/store/store.ts';
import type { ToolCall } from '../../../src/store/tool-calls.ts';

/** Stores an organization and returns its id. */
export async function anOrganization(store: Store, id = `org_${randomUUID()}`, createdAt = 1000): Promise<string> {
  await store.write((db) => organizations.insert(db, { id, name: `Name of ${id}`, createdAt, updatedAt: createdAt }));
  return id;
}

/** A server to insert, unlike any other only in its id. */
export function aServer(organizationId: string, changes: Partial<NewServer> = {}): NewServer {
  return {
    id: randomUUID(),
    organizationId,
    name: 'Weather',
    description: 'Forecasts',
    url: 'https://weather.example.com/mcp',
    transport: 'STREAMABLE_HTTP',
    requestHeaders: { Authorization: 'Bearer upstream' },
    approvalPolicy: 'require_approval_all',
    tags: ['read', 'public'],
    timeoutSeconds: 300,
    requiredApprovals: 2,
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** What an integration was made of, as short as can be. */
export const CONTENTS: integrations.Contents = {
  document: Buffer.from('document'),
  tools: Buffer.from('tools'),
  selectors: '[]',
};

/** An integration to insert, unlike any other only in its id. */
export function anIntegration(
  organizationId: string,
  changes: Partial<integrations.NewIntegration> = {},
): integrations.NewIntegration {
  return {
    id: randomUUID(),
    organizationId,
    name: 'petstore',
    baseUrl: 'https://pets.example.com',
    toolTags: { listPets: ['read', 'pets'] },
    approvalPolicy: 'require_approval_all',
    timeoutSeconds: 90,
    outputSchemas: 'none',
    naming: 2,
    undocumented: 'include',
    requiredApprovals: 3,
    toolCount: 3,
    toolsBytes: 1234,
    skipped: [{ operation: 'GET /ü', reason: 'no' }],
    warnings: [{ operation: null, message: 'groß' }],
    service: '{"title":"Pets"}',
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** An account to insert, unlike any other of its integration only in its id. */
export function anAccount(
  { id, organizationId }: { id: string; organizationId: string },
  changes: Partial<accounts.NewAccount> = {},
): accounts.NewAccount {
  return {
    id: randomUUID(),
    organizationId,
    integrationId: id,
    tenantId: 'acme-1',
    authenticationMethod: 'api_key',
    context: { api_key: 'upstream' },
    isByOperation: true,
    status: 'active',
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** An endpoint to insert, unlike any other of its account only in its id and token. */
export function anEndpoint({ organizationId, accountId }: AccountKey, changes: Partial<NewEndpoint> = {}): NewEndpoint {
  const id = randomUUID();
  return {
    id,
    organizationId,
    accountId,
    name: 'Support',
    config: { tags: ['support'], methods: ['read', 'list'] },
    expiresAt: null,
    createdBy: 'token-1',
    tokenHash: `hash of ${id}`,
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** Stores an integration of an organization and returns it. */
export async function storedIntegration(
  store: Store,
  organizationId: string,
  changes: Partial<integrations.NewIntegration> = {},
): Promise<integrations.Integration> {
  return store.write((db) => integrations.insert(db, anIntegration(organizationId, changes), CONTENTS));
}

/** The keys by which endpoints refer to the account that a server is. */
export const accountOf = ({ id, organizationId }: { id: string; organizationId: string }): AccountKey => ({
  organizationId,
  accountId: id,
});

/** A server of the operator's to insert, unlike any other in its id and in the name that is taken once. */
export function aSharedServer(changes: Partial<NewSharedServer> = {}): NewSharedServer {
  const id = randomUUID();
  return {
    id,
    name: 'Time',
    enabled: true,
    mcpServer: aConfig({ name: `time-${id}` }),
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** How a process of this machine is run. */
export const aConfig = (changes: Partial<McpServerConfig> = {}): McpServerConfig => ({
  name: 'time',
  transport: 'stdio',
  url: null,
  command: 'uvx',
  args: ['mcp-server-time', '--local-timezone', 'Europe/Zürich'],
  headers: { 'X-Zebra': '1', Authorization: 'Bearer upstream' },
  env: { TZ: 'UTC' },
  cwd: '/tmp',
  encoding: 'utf-8',
  encodingErrorHandler: 'strict',
  timeoutSeconds: 2.5,
  sseReadTimeoutSeconds: null,
  terminateOnClose: true,
  sessionKwargs: {},
  ...changes,
});

/** Stores a shared server, shared with those, and returns it. */
export async function storedSharedServer(
  store: Store,
  sharedWith: Grantees = [],
  changes: Partial<NewSharedServer> = {},
): Promise<SharedServer> {
  return store.write(async (db) => {
    const server = await sharedServers.insert(db, aSharedServer(changes), randomUUID());
    if (server === null) {
      throw new Error('every slug is taken');
    }
    await grants.setOrganizations(db, server.id, sharedWith, server.createdAt);
    return server;
  });
}

const aCredential = (organizationId: string) => ({
  id: randomUUID(),
  organizationId,
  name: 'CI',
  prefix: 'gat_5QKc',
  expiresAt: null,
  createdAt: 1000,
});

/** An API token to insert. */
export const aToken = (organizationId: string): NewApiToken => ({
  ...aCredential(organizationId),
  permissions: ['accounts'],
  tokenHash: randomUUID(),
});

/** A key pair to insert. */
export const aKeyPair = (organizationId: string): NewKeyPair => ({
  ...aCredential(organizationId),
  permissions: ['servers'],
  keyHash: randomUUID(),
  secretHash: randomUUID(),
});

/** Stores an account of an integration and returns its id. */
export async function storedAccount(
  store: Store,
  integration: { id: string; organizationId: string },
  changes: Partial<accounts.NewAccount> = {},
): Promise<string> {
  const account = anAccount(integration, changes);
  await store.write((db) => accounts.insert(db, account));
  return account.id;
}

/** A change, to record in the audit log. */
export const anAuditEvent = (changes: Partial<NewAuditEvent> = {}): NewAuditEvent => ({
  at: 1000,
  actor: { kind: 'api_token', id: 'token-1', name: 'CI' },
  organizationId: 'org_a',
  action: 'server.created',
  target: { kind: 'server', id: 'server-1' },
  outcome: 'success',
  details: {},
  ...changes,
});

/** A tool call that succeeded, to record in the audit log. */
export const aToolCall = ({ at = 1000, ...changes }: Partial<ToolCall> = {}): ToolCall => ({
  id: newEventId(at),
  at,
  organization_id: 'org_a',
  endpoint_id: 'endpoint-1',
  endpoint_name: 'Support',
  tool: 'account-1/list',
  duration_ms: 1.5,
  request_bytes: 10,
  response_bytes: 20,
  reason: null,
  arguments: null,
  arguments_cut: 0,
  ...changes,
});

/** Takes everything out of the audit log. */
export const emptyAuditLog = (store: Store): Promise<void> =>
  store.write(async ({ sql }) => {
    await sql.deleteFrom('audit_events').execute();
    await sql.deleteFrom('tool_calls').execute();
  });

/** Stores what a server has listed. */
export const saveCatalogue = async (
  db: Db,
  serverId: string,
  listed: Parameters<typeof catalogues.pack>[0],
): Promise<void> => catalogues.save(db, serverId, await catalogues.pack(listed));
