import type { Operation } from '../../src/contract/document.ts';
import { type Answer, type Call, type Credentials, call, operations, send } from './client.ts';
import type { TestServer } from './server.ts';

/** A tenant with one of everything. */
export type World = {
  readonly organizationId: string;
  readonly pair: { readonly apiKey: string; readonly apiSecret: string };
  /** For each path parameter of the document, the id of a thing that is there. */
  readonly ids: (operation: Operation) => Record<string, string>;
};

/** Makes an organization with a key pair, an API token, a server and a tool approval, through the API. */
export async function createWorld(
  { url }: Pick<TestServer, 'url'>,
  permissions = ['servers', 'approvals'],
): Promise<World> {
  const organization = await call(url, 'createOrganization', { body: { name: 'World' } });
  const path = { org_id: organization.body.id as string };
  const admin = (await call(url, 'createApiKey', { path, body: { name: 'admin' } })).body;
  const pair = (await call(url, 'createApiKey', { path, body: { name: 'pair', permissions } })).body;
  const token = (await call(url, 'createApiToken', { path, body: { name: 'token' } })).body;
  const as = { apiKey: admin.apiKey, apiSecret: admin.apiSecret };
  const server = await call(url, 'createMcpServer', {
    body: { name: 'Files', url: 'https://files.example.com/mcp' },
    as,
  });
  const mcpServerId = server.body.data.id as string;
  const approval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
  await call(url, 'addToolApproval', { path: { mcpServerId }, body: approval, as });
  return {
    organizationId: path.org_id,
    pair: { apiKey: pair.apiKey, apiSecret: pair.apiSecret },
    ids: (operation) => {
      const all: Record<string, string> = {
        mcpServerId,
        toolName: 'file_read',
        org_id: path.org_id,
        id: operation.path.includes('api-tokens') ? token.id : pair.id,
        page: 'getMcpServer.md',
      };
      const wanted = operation.parameters.filter((parameter) => parameter.in === 'path');
      return Object.fromEntries(wanted.map(({ name }) => [name, all[name] ?? '']));
    },
  };
}

/** The first request example of an operation, or nothing where it has no body. */
export function exampleBody({ object }: Operation): unknown {
  const [content] = Object.values(object.requestBody?.content ?? {});
  return Object.values(content?.examples ?? {})[0]?.value;
}

/** A request of an operation that succeeds in a world, as whom it is meant for. */
export function validRequest(operation: Operation, world: World): Call & { path: Record<string, string> } {
  const as: Credentials = operation.path.startsWith('/api/') ? world.pair : 'operator';
  const body = exampleBody(operation);
  return { path: world.ids(operation), as, ...(body !== undefined && { body }) };
}

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
