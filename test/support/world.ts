import { hash } from 'node:crypto';
import type { Operation } from '../../src/contract/document.ts';
import { hashDefinition } from '../../src/runtime/hash-definition.ts';
import { type Answer, type Call, type Credentials, call, meantFor, operation, operations, send } from './client.ts';
import type { TestServer } from './server.ts';

/** A tenant with one of everything. */
export type World = {
  readonly organizationId: string;
  readonly pair: { readonly apiKey: string; readonly apiSecret: string };
  readonly token: { readonly apiToken: string };
  readonly person: { readonly session: string };
  /** For each path parameter of the document, the id of a thing that is there. */
  readonly ids: (operation: Operation) => Record<string, string>;
  /** A body of an operation that succeeds here. */
  readonly body: (operation: Operation) => unknown;
};

/** A small service: one operation of each kind. */
export const PETS = {
  name: 'pets',
  document: {
    openapi: '3.1.0',
    info: { title: 'Pets', version: '1' },
    servers: [{ url: 'https://pets.example.com/v1' }],
    paths: {
      '/pets': {
        get: { summary: 'List pets', tags: ['pet'], responses: { 200: { description: 'Pets' } } },
        post: { summary: 'Add a pet', tags: ['pet'], responses: { 201: { description: 'The pet' } } },
      },
    },
  },
};

/** Makes an organization with a key pair, an API token, a server and a tool approval, through the API. */
export async function createWorld(
  { url }: Pick<TestServer, 'url'>,
  permissions = ['servers', 'approvals'],
): Promise<World> {
  const organization = await call(url, 'createOrganization', { body: { name: 'World' } });
  const path = { org_id: organization.body.id as string };
  const admin = (
    await call(url, 'createApiKey', { path, body: { name: 'admin', permissions: ['servers', 'approvals'] } })
  ).body;
  const pair = (await call(url, 'createApiKey', { path, body: { name: 'pair', permissions } })).body;
  const token = (
    await call(url, 'createApiToken', { path, body: { name: 'token', permissions: ['accounts', 'approvals'] } })
  ).body;
  const as = { apiKey: admin.apiKey, apiSecret: admin.apiSecret };
  const server = await call(url, 'createMcpServer', {
    body: { name: 'Files', url: 'https://files.example.com/mcp' },
    as,
  });
  const mcpServerId = server.body.data.id as string;
  const bearer = { as: { apiToken: token.token as string } };
  const pets = { ...PETS, approval_policy: 'require_approval_all' };
  const integration = (await call(url, 'createIntegration', { ...bearer, body: pets })).body;
  const account = (
    await call(url, 'createAccount', {
      ...bearer,
      body: { tenant_id: 'acme-1', environment_integration_id: integration.id, authentication_method: 'none' },
    })
  ).body;
  const endpoint = (
    await call(url, 'createEndpoint', {
      ...bearer,
      path: { integrated_account_id: account.id },
      body: { name: 'Pets' },
    })
  ).body;
  const accountApproval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
  await call(url, 'addAccountToolApproval', { ...bearer, path: { id: account.id }, body: accountApproval });
  const request = await createApprovalRequest(url, endpoint.token);
  const shared = {
    name: 'Shared',
    enabled: false,
    mcpServer: { name: 'shared', url: 'https://shared.example.com/mcp' },
  };
  const mcp_id = (await call(url, 'createSharedServer', { body: shared })).body.data.id;
  const approval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
  await call(url, 'addToolApproval', { path: { mcpServerId }, body: approval, as });
  const webhook = { url: 'https://hooks.example.com/x', events: ['approval.requested'] };
  const webhookId = (await call(url, 'createWebhook', { body: webhook, as })).body.data.id as string;
  const credentials = { api_token: token.token, api_key: pair.apiKey, api_secret: pair.apiSecret };
  const signedIn = await call(url, 'createSession', { as: 'nobody', body: credentials });
  const people = { claim: 'groups', organizationId: path.org_id, permissions: ['servers'] };
  const member = (await call(url, 'createMember', { body: { ...people, value: 'first' } })).body.id as string;
  const bodies: Partial<Record<string, unknown>> = {
    createSession: credentials,
    createMember: { ...people, value: 'second' },
    createAccount: {
      ...(exampleBody(operation('createAccount')) as object),
      environment_integration_id: integration.id,
    },
    createEndpoint: { name: 'Pets', config: { methods: ['read'] } },
    createSharedServer: shared,
    updateSharedServer: { name: 'Renamed' },
    decideApprovalRequest: { decision: 'deny', ...request.hashes },
    setSharedServerOrganizations: { organizations: [path.org_id] },
  };
  const idIn = (template: string): string =>
    template.startsWith('/integration/')
      ? integration.id
      : template.includes('/mcp/')
        ? endpoint.id
        : template.startsWith('/integrated-account/')
          ? account.id
          : template.includes('api-tokens')
            ? token.id
            : template.includes('/members/')
              ? member
              : pair.id;
  return {
    organizationId: path.org_id,
    pair: { apiKey: pair.apiKey, apiSecret: pair.apiSecret },
    token: { apiToken: token.token },
    person: { session: cookieIn(signedIn) },
    body: (operation) => bodies[operation.id] ?? exampleBody(operation),
    ids: (operation) => {
      const all: Record<string, string> = {
        mcpServerId,
        mcp_id,
        toolName: 'file_read',
        tool_name: 'file_read',
        approvalRequestId: request.id,
        webhookId,
        org_id: path.org_id,
        token: endpoint.token,
        integrated_account_id: account.id,
        id: idIn(operation.path),
        page: 'getMcpServer.md',
      };
      const wanted = operation.parameters.filter((parameter) => parameter.in === 'path');
      return Object.fromEntries(wanted.map(({ name }) => [name, all[name] ?? '']));
    },
  };
}

/** The cookie that an answer gives a browser, as the browser sends it. */
export const cookieIn = ({ headers }: Answer): string => headers.get('set-cookie')?.split(';')[0] ?? '';

/** Calls a tool that a person must approve. Returns the id of the request, and the hashes that a decision wants. */
async function createApprovalRequest(url: string, token: string) {
  const ask = async (method: string, params: object) => {
    const body = { jsonrpc: '2.0', id: 1, method, params };
    return (await call(url, 'sendToEndpoint', { path: { token }, as: 'nobody', body })).body.result;
  };
  const [{ name, ...definition }] = (await ask('tools/list', {})).tools;
  const { _meta: meta } = await ask('tools/call', { name, arguments: {} });
  const hashes = { arguments_digest: hash('sha256', '{}'), definition_hash: hashDefinition({ name, ...definition }) };
  return { id: meta['gatehouse/approval'].id as string, hashes };
}

/** The first request example of an operation, or nothing where it has no body. */
export function exampleBody({ body }: Operation): unknown {
  const [content] = Object.values(body?.content ?? {});
  return Object.values(content?.examples ?? {})[0]?.value;
}

/** A request of an operation that succeeds in a world, as whom it is meant for. */
export function validRequest(operation: Operation, world: World): Call & { path: Record<string, string> } {
  const { pair: team, token, person } = world;
  const as: Credentials = { team, token, person, operator: 'operator' as const }[meantFor(operation)];
  const body = world.body(operation);
  return { path: world.ids(operation), as, ...(body !== undefined && { body }) };
}

/** The status of a request that breaks the document, in the API of an operation. */
export const invalidStatus = (operation: Operation): number =>
  ['operator', 'person'].includes(meantFor(operation)) ? 422 : 400;

/** The status of a valid GET in a world: nobody answers at the URL of its server. */
export const readStatus = ({ object }: Operation): number => ('502' in object.responses ? 502 : 200);

/** Operations that want credentials, and those that have JSON bodies validated. */
export const secured = operations.filter(({ object }) => (object.security ?? []).length > 0);
export const json = operations.filter(({ raw }) => !raw);

/** Sends a request of a world's operation as it is. */
export const ask = (server: Pick<TestServer, 'url'>, operation: Operation, request: Call): Promise<Answer> =>
  send(
    server.url,
    operation,
    operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(request.path?.[name] ?? '')),
    request,
  );
