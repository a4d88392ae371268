import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type GatehouseClientOptions } from '../client/client.ts';
import type { ChosenIds } from './seed-ids.ts';
import type { SandboxData } from './seeds.ts';

/** An object of the data was refused. The message names it and gives the reason. */
export class DataRefused extends Error {}

type Credentials = Omit<GatehouseClientOptions, 'baseUrl'>;
type Choose = (chosen: ChosenIds) => void;

/**
 * Creates the objects of the data through the app itself, which listens on a port of its own meanwhile: so the document
 * checks them, and they are as if clients had made them. Throws DataRefused.
 */
export async function fill(app: RequestListener, data: SandboxData, credentials: Credentials, choose: Choose) {
  const http = createServer(app);
  await once(http.listen(0, '127.0.0.1'), 'listening');
  try {
    const { port } = http.address() as AddressInfo;
    await send(data, createSender(`http://127.0.0.1:${port}`, credentials, choose));
  } finally {
    choose({});
    http.close();
    http.closeAllConnections();
  }
}

async function send(data: SandboxData, { client, create, callTool }: Sender): Promise<void> {
  const createEndpoints = async (path: string, accountId: string, endpoints: Seeds['endpoints'] = []) => {
    for (const [at, { id, token, calls = [], ...body }] of endpoints.entries()) {
      const params = { path: { integrated_account_id: accountId } };
      const made = await create(`${path}.endpoints[${at}]`, { id, token }, () =>
        client.POST('/integrated-account/{integrated_account_id}/mcp', { params, body }),
      );
      for (const [index, call] of calls.entries()) {
        await callTool(`${path}.endpoints[${at}].calls[${index}]`, made.token, call);
      }
    }
  };

  for (const [at, { id, tool_approvals: approvals = [], endpoints, ...body }] of (data.servers ?? []).entries()) {
    const path = `servers[${at}]`;
    const made = await create(path, { id: id?.replace(/^mcp_/, '') }, () => client.POST('/api/mcp-servers', { body }));
    const params = { path: { mcpServerId: made.data.id } };
    for (const [index, approval] of approvals.entries()) {
      await create(`${path}.tool_approvals[${index}]`, {}, () =>
        client.POST('/api/mcp-servers/{mcpServerId}/tool-approvals', { params, body: approval }),
      );
    }
    await createEndpoints(path, made.data.id.replace(/^mcp_/, ''), endpoints);
  }
  for (const [at, { id, accounts = [], ...body }] of (data.integrations ?? []).entries()) {
    const integration = await create(`integrations[${at}]`, { id }, () => client.POST('/integration', { body }));
    for (const [index, { id: accountId, tool_approvals: approvals = [], endpoints, ...fields }] of accounts.entries()) {
      const path = `integrations[${at}].accounts[${index}]`;
      const account = { ...fields, environment_integration_id: integration.id };
      const made = await create(path, { id: accountId }, () => client.POST('/integrated-account', { body: account }));
      const params = { path: { id: made.id } };
      for (const [nth, approval] of approvals.entries()) {
        await create(`${path}.tool_approvals[${nth}]`, {}, () =>
          client.POST('/integrated-account/{id}/tool-approvals', { params, body: approval }),
        );
      }
      await createEndpoints(path, made.id, endpoints);
    }
  }
  for (const [at, { id, ...body }] of (data.shared_servers ?? []).entries()) {
    await create(`shared_servers[${at}]`, { id }, () => client.POST('/admin/api/v1/mcp-servers', { body }));
  }
  for (const [at, { id, ...body }] of (data.webhooks ?? []).entries()) {
    const chosen = { id: id?.replace(/^whk_/, '') };
    await create(`webhooks[${at}]`, chosen, () => client.POST('/api/webhooks', { body }));
  }
  for (const [at, { id, ...body }] of (data.members ?? []).entries()) {
    await create(`members[${at}]`, { id }, () => client.POST('/admin/api/v1/members', { body }));
  }
}

type Seeds = NonNullable<SandboxData['servers']>[number];
type CallSeed = NonNullable<NonNullable<Seeds['endpoints']>[number]['calls']>[number];
type Answer<T> = { readonly data?: T; readonly error?: unknown; readonly response: Response };
type Sender = ReturnType<typeof createSender>;

function createSender(baseUrl: string, credentials: Credentials, choose: Choose) {
  const create = async <T>(path: string, ids: ChosenIds, post: () => Promise<Answer<T>>): Promise<T> => {
    choose(ids);
    const { data, error, response } = await post();
    if (response.status === 429) {
      await delay(1000 * Number(response.headers.get('retry-after')));
      return create(path, ids, post);
    }
    if (data === undefined) {
      throw new DataRefused(`${path}: ${JSON.stringify(error)}`);
    }
    return data;
  };
  /** Calls a tool, and leaves if the call waits for a person: its approval request stays. */
  const callTool = async (path: string, token: string, { id, ...params }: CallSeed): Promise<void> => {
    choose({ id: id?.replace(/^apr_/, '') });
    const answer = await fetch(`${baseUrl}/mcp`, {
      method: 'POST',
      // The head of a stream comes as soon as the call waits.
      headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
    if (answer.headers.get('Content-Type') !== 'text/event-stream') {
      throw new DataRefused(`${path}: ${await answer.text()}`);
    }
    await answer.body?.cancel();
  };
  return { client: createClient({ ...credentials, baseUrl }), create, callTool };
}
