import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { createAccount } from '../accounts/accounts.ts';
import { createEndpoint } from '../accounts/endpoints.ts';
import { createIntegration } from '../accounts/integrations.ts';
import { type ApiTokenCaller, type KeyPairCaller, OPERATOR } from '../base/caller.ts';
import { type Ids, randomIds } from '../base/ids.ts';
import { isLoopback, parseConfig } from '../config.ts';
import { readDocument } from '../contract/bundle.ts';
import type { Deps } from '../deps.ts';
import { builtDocs } from '../docs/built.ts';
import { createSharedServer } from '../operator/shared-servers.ts';
import { type RunningServer, startServer } from '../server.ts';
import { createServer } from '../servers/servers.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import { startContacts } from './contacts.ts';

/** The sandbox's credentials, publicly known: the sandbox contains nothing to protect. */
export const SANDBOX_CREDENTIALS = {
  GATEHOUSE_ADMIN_TOKEN: 'sandbox-operator-token-for-everybody',
  GATEHOUSE_API_TOKEN: 'gat_sandbox_token_for_everybody_000',
  GATEHOUSE_API_KEY: 'sk_sandbox_key_for_everybody_000000',
  GATEHOUSE_API_SECRET: 's3cr3t_sandbox_secret_for_everybody',
  MCP_ENDPOINT_TOKEN: '4f1c5e0b6c2d4f8a9b3c5d7e9f0a1b2c',
} as const;

/**
 * Starts the real server in memory with the objects and ids of the document's examples, so that printed samples find
 * them. A small MCP server runs beside it, behind the endpoint with the fixed token. Host, port and limits come from
 * the environment; database and credentials do not.
 */
export async function startSandbox(env: Readonly<Record<string, string | undefined>>): Promise<RunningServer> {
  const { DATABASE_URL, GATEHOUSE_SECRET_KEY, ...given } = env;
  const config = parseConfig({
    ...given,
    ...SANDBOX_CREDENTIALS,
    GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64'),
  });
  const server = await startServer({
    // Its credentials are public: where others reach it, they must not reach what listens on this machine.
    config: isLoopback(config.host) ? { ...config, egressAllow: [...config.egressAllow, '127.0.0.1'] } : config,
    document: await readDocument(),
    docs: builtDocs,
    log: pino({ level: 'silent' }),
    violations: 'report',
    location: { kind: 'memory' },
    ids: exampleIds(),
    // Whoever reaches it could otherwise run what they like.
    environment: null,
  });
  const contacts = await startContacts();
  const stop = async () => {
    await server.stop();
    await contacts.stop();
  };
  await fill(server, contacts.url);
  return { ...server, stop };
}

/** The ids of the document's examples in the order in which the sandbox needs them, then random ones. */
function exampleIds(): Ids {
  const organizations = ['org_2zC2v0GqxbrfKq1rKazb3gFcPEq'];
  const uuids = [
    '0c1a2b3c-4d5e-4f70-8192-a3b4c5d6e7f8',
    '7d9f5c1e-8a64-4b0f-9d1c-2f3a4b5c6d7e',
    '8c180796-e6d7-4343-88b5-5df0846fef69',
    '5d1f0a52-9c3e-4b7a-8f21-6e4d3c2b1a09',
    '6e2f1b63-ad4f-4c8b-9032-7f5e4d3c2b1a',
    '1ba1f401-7183-47c5-9e39-e8e257e3c795',
    '2ba1f401-7183-47c5-9e39-e8e257e3c796',
    '3c90c3cc-0d44-4b50-8888-8dd25736052a',
  ];
  const tokens = [randomIds.endpointToken(), SANDBOX_CREDENTIALS.MCP_ENDPOINT_TOKEN];
  return {
    ...randomIds,
    endpointToken: () => tokens.shift() ?? randomIds.endpointToken(),
    organization: () => organizations.shift() ?? randomIds.organization(),
    uuid: () => uuids.shift() ?? randomIds.uuid(),
  };
}

async function fill({ deps }: RunningServer, contactsUrl: string): Promise<void> {
  const { GATEHOUSE_API_TOKEN, GATEHOUSE_API_KEY, GATEHOUSE_API_SECRET } = SANDBOX_CREDENTIALS;
  const pair = await deps.credentials.keyPair(GATEHOUSE_API_KEY, GATEHOUSE_API_SECRET);
  const token = await deps.credentials.apiToken(GATEHOUSE_API_TOKEN);
  if (pair === undefined || token === undefined) {
    throw new Error('the sandbox does not know its own credentials');
  }
  await fillServers(deps, pair);
  await fillAccounts(deps, token);
  await fillShared(deps);
  await fillContacts(deps, pair, token, contactsUrl);
}

async function fillServers(deps: Deps, caller: KeyPairCaller): Promise<void> {
  const server = await createServer(deps, caller, {
    name: 'Updated Server Name',
    url: 'https://new-server-url.example.com',
    description: 'Updated description',
    approvalPolicy: 'auto_approve_read_only',
    transport: 'WebSocket',
    requestHeaders: { Authorization: 'Bearer new-token', 'User-Agent': 'MCP-Client/2.0' },
    tags: ['files'],
  });
  await deps.store.writeFor(caller.organizationId, (db) =>
    toolApprovals.upsert(db, {
      serverId: server.id,
      toolName: 'file_read',
      approvalHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      autoApprove: true,
      createdAt: deps.now(),
    }),
  );
}

/** Resources and tags that the scopes of the document's examples select. */
const CRM = {
  openapi: '3.1.0',
  info: { title: 'CRM', version: '1.0.0' },
  servers: [{ url: 'https://crm.example.com/v1' }],
  paths: Object.fromEntries(
    ['contacts', 'companies'].map((resource) => [
      `/${resource}`,
      {
        get: { summary: `List ${resource}`, tags: [resource, 'api'], responses: { 200: { description: 'Found.' } } },
        post: {
          summary: `Create one of the ${resource}`,
          tags: [resource, 'webhook'],
          responses: { 201: { description: 'Created.' } },
        },
      },
    ]),
  ),
};

async function fillAccounts(deps: Deps, caller: ApiTokenCaller): Promise<void> {
  const fields = { name: 'petstore', baseUrl: null, toolTags: {}, approvalPolicy: 'auto_approve_all' as const };
  const document = () => ({ bytes: Buffer.from(JSON.stringify(CRM)) });
  const integration = await createIntegration(deps, caller, fields, document());
  await createIntegration(deps, caller, { ...fields, name: 'without-accounts' }, document());
  const account = await createAccount(deps, caller, integration.id, {
    tenantId: 'acme-1',
    authenticationMethod: 'api_key',
    context: { api_key: 'k3y' },
  });
  const config = { methods: ['list', 'get'], tags: ['contacts', 'companies'] };
  await createEndpoint(deps, caller, account.id, { name: 'Read-only HubSpot', config });
}

/** A server of the operator, shared with no organization. It is disabled: its address is an example. */
async function fillShared(deps: Deps): Promise<void> {
  const mcpServer = {
    name: 'search',
    transport: 'streamable_http' as const,
    url: 'https://mcp.example.com/mcp',
    command: null,
    args: [],
    headers: {},
    env: {},
    cwd: null,
    encoding: 'utf-8',
    encodingErrorHandler: null,
    timeoutSeconds: 30,
    sseReadTimeoutSeconds: 300,
    terminateOnClose: true,
    sessionKwargs: {},
  };
  await createSharedServer(deps, OPERATOR, { name: 'Company search', enabled: false, mcpServer }, false);
}

/** An endpoint over the small server: everything that it offers, as long as its policy lets it through. */
async function fillContacts(deps: Deps, pair: KeyPairCaller, token: ApiTokenCaller, url: string): Promise<void> {
  const fields = { name: 'Contacts', url, approvalPolicy: 'auto_approve_read_only' as const, tags: ['contacts'] };
  const server = await createServer(deps, pair, fields);
  await createEndpoint(deps, token, server.id, { name: 'Contacts', config: {} });
}
