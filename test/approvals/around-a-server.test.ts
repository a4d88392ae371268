import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let service: Server;
let port: number;
let elsewhere: Server;
/** What has arrived where the MCP server is. */
let arrived: string[];
const servers: string[] = [];

const noted = ({ method, url }: IncomingMessage): number => arrived.push(`${method} ${url}`);
const listening = async (answer: RequestListener): Promise<Server> => {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.0/8' } });
  service = await listening((request, response) => {
    noted(request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"access_token":"t0k3n-of-the-place","openapi":"3.1.0"}');
  });
  port = portOf(service);
  elsewhere = await listening((_, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${port}/mcp/openapi.json` }).end();
  });
});
afterAll(async () => {
  await gateway.stop();
  service.close();
  elsewhere.close();
});
beforeEach(() => {
  arrived = [];
});
afterEach(async () => {
  for (const mcpServerId of servers.splice(0)) {
    await call(gateway.url, 'deleteMcpServer', { path: { mcpServerId } });
  }
});

/** Registers an MCP server. */
async function register(approval_policy: string, url = `http://127.0.0.1:${port}/mcp`, more = {}): Promise<string> {
  const body = { name: 'Guarded', url, approval_policy, ...more };
  const id = (await call(gateway.url, 'createMcpServer', { body })).body.data.id as string;
  servers.push(id);
  return id;
}

type Way = {
  readonly base?: string | null;
  readonly path?: string;
  readonly verb?: 'get' | 'post';
  readonly args?: Json;
  /** The server that the operation names for itself. */
  readonly own?: string;
  readonly policy?: string;
  readonly account?: Json;
  /** Parameters of the operation, beside those in its path. */
  readonly parameters?: readonly Json[];
  /** Where the API key of the account goes. */
  readonly apiKey?: Json;
  /** The redirect that the document lists as an answer. */
  readonly redirect?: number;
};

/** Makes an integration of one operation by an API token without `approvals`, and a caller of its only tool. */
async function integrate(way: Way, on = gateway.organizationId): Promise<(args?: Json) => Promise<Json>> {
  const path = { org_id: on };
  const { token } = (await call(gateway.url, 'createApiToken', { path, body: { name: 'Agent' } })).body;
  const as = { apiToken: token as string };
  const {
    base = `http://127.0.0.1:${port}`,
    path: template = '/mcp',
    verb = 'post',
    own,
    policy,
    account,
    apiKey,
  } = way;
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const operation = {
    summary: 'Do it',
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...(way.parameters ?? []),
    ],
    ...(own !== undefined && { servers: [{ url: own }] }),
    responses: {
      200: { description: 'Done' },
      ...(way.redirect !== undefined && { [way.redirect]: { description: 'Elsewhere' } }),
    },
  };
  const document = {
    openapi: '3.1.0',
    info: { title: 'A service', version: '1' },
    servers: [{ url: 'https://service.example.com' }],
    paths: { [template]: { [verb]: operation } },
    ...(apiKey && {
      components: { securitySchemes: { key: { type: 'apiKey', ...apiKey } } },
      security: [{ key: [] }],
    }),
  };
  const integration = { name: 'around', document, base_url: base, ...(policy && { approval_policy: policy }) };
  const { id } = (await call(gateway.url, 'createIntegration', { body: integration, as })).body;
  const connected = { tenant_id: 't', environment_integration_id: id, authentication_method: 'none', ...account };
  const { id: integrated_account_id } = (await call(gateway.url, 'createAccount', { body: connected, as })).body;
  const endpoint = { path: { integrated_account_id }, body: { name: 'Around' }, as };
  const minted = (await call(gateway.url, 'createEndpoint', endpoint)).body;
  const ask = async (method: string, params: Json = {}): Promise<Json> => {
    const body = { jsonrpc: '2.0', id: 1, method, params };
    return (await call(gateway.url, 'sendToEndpoint', { path: { token: minted.token }, as: 'nobody', body })).body;
  };
  const [tool] = (await ask('tools/list')).result.tools;
  return async (args = way.args ?? {}) => (await ask('tools/call', { name: tool.name, arguments: args })).result;
}

const textOf = ({ content }: Json): string => content[0].text;

test.each([
  ['auto_approve_all', 'runs', 'runs'],
  ['auto_approve_read_only', 'runs', 'waits'],
  ['require_approval_per_tool', 'waits', 'waits'],
  ['require_approval_all', 'waits', 'waits'],
])('under the policy %s of the server, a reading tool %s, and a writing tool %s', async (policy, reads, writes) => {
  await register(policy);
  for (const [verb, verdict] of [
    ['get', reads],
    ['post', writes],
  ] as const) {
    arrived = [];
    const result = await (await integrate({ verb }))();
    expect(arrived).toEqual(verdict === 'runs' ? [`${verb.toUpperCase()} /mcp`] : []);
    expect(textOf(result).includes(`A person must approve this call (approval_policy ${policy})`)).toBe(
      verdict === 'waits',
    );
  }
});

test('the stricter of the two policies decides', async () => {
  await register('auto_approve_read_only');
  const result = await (await integrate({ verb: 'get', policy: 'require_approval_all' }))();
  expect(textOf(result)).toContain('approval_policy require_approval_all');
  await register('require_approval_per_tool', `http://127.0.0.1:${port}/`);
  const other = await (await integrate({ verb: 'get' }))();
  expect(textOf(other)).toContain('approval_policy require_approval_per_tool');
  expect(arrived).toEqual([]);
});

describe('a call waits if its URL is at the server in any way', () => {
  const ways: [string, () => Way][] = [
    ['by the path of the base URL', () => ({ base: `http://127.0.0.1:${port}/mcp`, path: '/' })],
    ['below', () => ({ path: '/mcp/tools/{tool}', args: { tool: 'delete' } })],
    ['by another notation of the address', () => ({ base: `http://127.1:${port}` })],
    ['by the notation of an address as a number', () => ({ base: `http://2130706433:${port}` })],
    ['by IPv4 in IPv6', () => ({ base: `http://[::ffff:127.0.0.1]:${port}` })],
    ['over another scheme', () => ({ base: `https://127.0.0.1:${port}` })],
    ['by an argument', () => ({ path: '/{where}', args: { where: 'mcp' } })],
    ['by an argument in another case', () => ({ path: '/{where}', args: { where: 'MCP' } })],
    ['by an argument with a slash', () => ({ path: '/{where}', args: { where: 'mcp/x' } })],
    ['by an argument that is encoded already', () => ({ path: '/{where}', args: { where: '%6dcp' } })],
    ['by two arguments', () => ({ path: '/{a}{b}', args: { a: 'm', b: 'cp' } })],
    ['by doubled slashes', () => ({ path: '//mcp//x' })],
    ['by dot segments', () => ({ base: `http://127.0.0.1:${port}/x/../mcp`, path: '/y' })],
    ['by a server of the operation', () => ({ base: null, own: `http://127.0.0.1:${port}` })],
    ['by a server of the operation, from the base URL', () => ({ own: '/mcp', path: '/x' })],
    [
      'by variables of the account',
      () => ({
        base: 'http://{host}/{at}',
        path: '/',
        account: { context: { variables: { host: `127.0.0.1:${port}`, at: 'mcp' } } },
      }),
    ],
    [
      'by its token URL',
      () => ({
        path: '/elsewhere',
        account: {
          authentication_method: 'oauth2_client_credentials',
          context: { client_id: 'c', client_secret: 's3cret-of-client', token_url: `http://127.0.0.1:${port}/mcp?x=1` },
        },
      }),
    ],
  ];

  test.each(ways)('%s', async (_, way) => {
    await register('require_approval_all');
    const result = await (await integrate(way()))();
    expect(textOf(result)).toContain('A person must approve this call');
    expect(arrived).toEqual([]);
  });

  test('a redirect to the server is not followed', async () => {
    await register('require_approval_all');
    const way = { base: `http://127.0.0.1:${portOf(elsewhere)}`, verb: 'get' } as const;
    const result = await (await integrate(way))();
    expect(result.isError).toBe(true);
    const documented = await (await integrate({ ...way, redirect: 307 }))();
    expect(textOf(documented)).toContain(`the resource is at http://127.0.0.1:${port}/mcp/openapi.json`);
    expect(arrived).toEqual([]);
  });
});

describe('a call with an override', () => {
  const parameter = (place: string, name: string, more: Json = {}): Way => ({
    parameters: [{ name, in: place, schema: { type: 'string' } }],
    args: { [name]: 'DELETE' },
    ...more,
  });
  const inQuery = (name: string): Way => ({
    parameters: [{ name: 'filter', in: 'query', style: 'form', explode: true, schema: { type: 'object' } }],
    args: { filter: { [name]: 'DELETE' } },
  });
  const asKey = (place: string, name: string): Way => ({
    apiKey: { in: place, name },
    account: { authentication_method: 'api_key', context: { api_key: 'DELETE' } },
  });

  const METHODS: [string, Way][] = [
    ['a header', parameter('header', 'X-HTTP-Method-Override')],
    ['another header', parameter('header', 'x_http_method')],
    ['a parameter', parameter('query', '_method')],
    ['a member of a parameter', inQuery('$httpMethod')],
    ['an API key in a header', asKey('header', 'X-Method-Override')],
    ['an API key in the query', asKey('query', '_method')],
    ['its base URL', { base: 'http://127.0.0.1:PORT/?_method=DELETE' }],
  ];

  test.each(METHODS)('of its method, by %s, does not count as reading', async (_, way) => {
    const base = (way.base ?? 'http://127.0.0.1:PORT').replace('PORT', String(port));
    const read = { ...way, base, verb: 'get' } as const;
    await register('auto_approve_read_only');
    expect(textOf(await (await integrate(read))())).toContain('approval_policy auto_approve_read_only');
    expect(textOf(await (await integrate({ ...read, path: '/mcp/below' }))())).toContain('must approve');
    const elsewhere = { ...read, path: '/elsewhere' };
    const own = await integrate({ ...elsewhere, policy: 'auto_approve_read_only' });
    expect(textOf(await own())).toContain('must approve');
    expect(arrived).toEqual([]);
    await (await integrate(elsewhere))();
    expect(arrived).toHaveLength(1);
  });

  const URLS: [string, Way][] = [
    ['a header', parameter('header', 'X-Original-URL')],
    ['another header', parameter('header', 'X_Rewrite_Url')],
    ['a header with a host', parameter('header', 'X-Forwarded-Host')],
    ['a parameter', parameter('query', 'rest_route')],
    ['a member of a parameter', inQuery('_url')],
    ['an API key in a header', asKey('header', 'X-Forwarded-Prefix')],
    ['an API key in the query', asKey('query', '_path')],
    ['its base URL', { base: 'http://127.0.0.1:PORT/?rest_route=/mcp' }],
  ];

  test.each(URLS)('of its URL, by %s, counts as a call of every place of the host', async (_, way) => {
    const base = (way.base ?? 'http://127.0.0.1:PORT').replace('PORT', String(port));
    const run = await integrate({ ...way, base, path: '/elsewhere' });
    await register('require_approval_all', 'http://127.0.0.1:9/mcp');
    await run();
    expect(arrived).toHaveLength(1);
    await register('require_approval_per_tool');
    expect(textOf(await run())).toContain('approval_policy require_approval_per_tool');
    expect(arrived).toHaveLength(1);
  });

  test('a request for a token does not count as reading', async () => {
    await register('auto_approve_read_only');
    const context = { client_id: 'c', client_secret: 's3cret-of-client', token_url: `http://127.0.0.1:${port}/mcp` };
    const account = { authentication_method: 'oauth2_client_credentials', context };
    const result = await (await integrate({ path: '/elsewhere', verb: 'get', account }))();
    expect(textOf(result)).toContain('approval_policy auto_approve_read_only');
    expect(arrived).toEqual([]);
  });

  test('a server registered during a request for a token still makes the call wait', async () => {
    const issuer = await listening(async (_, response) => {
      await register('require_approval_all');
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"t0k3n-of-elsewhere"}');
    });
    const token_url = `http://127.0.0.1:${portOf(issuer)}/token`;
    const context = { client_id: 'c', client_secret: 's3cret-of-client', token_url };
    const account = { authentication_method: 'oauth2_client_credentials', context };
    const result = await (await integrate({ account }))();
    issuer.close();
    expect([textOf(result).includes('approval_policy require_approval_all'), result.isError]).toEqual([true, true]);
    expect(arrived).toEqual([]);
  });

  test('the same operations run without an override', async () => {
    await register('auto_approve_read_only');
    await (await integrate({ ...parameter('header', 'X-HTTP-Method-Override'), args: {}, verb: 'get' }))();
    await (await integrate({ ...parameter('header', 'X-Original-URL'), args: {}, path: '/elsewhere' }))();
    expect(arrived).toEqual(['GET /mcp', 'POST /elsewhere']);
  });
});

test('other places of the same host are not affected', async () => {
  await register('require_approval_all');
  await (await integrate({ path: '/mcp2' }))();
  expect(arrived).toEqual(['POST /mcp2']);
});

test('a new, changed or deleted server applies to the next call', async () => {
  const run = await integrate({});
  const runs = async () => {
    arrived = [];
    await run();
    return arrived.length === 1;
  };
  expect(await runs()).toBe(true);
  const mcpServerId = await register('auto_approve_all');
  expect(await runs()).toBe(true);
  const update = (body: Json) => call(gateway.url, 'updateMcpServer', { path: { mcpServerId }, body });
  await update({ approval_policy: 'require_approval_all' });
  expect(await runs()).toBe(false);
  await update({ url: `http://127.0.0.1:${port}/other` });
  expect(await runs()).toBe(true);
  await update({ url: `http://127.0.0.1:${port}` });
  expect(await runs()).toBe(false);
  await call(gateway.url, 'deleteMcpServer', { path: { mcpServerId } });
  servers.pop();
  expect(await runs()).toBe(true);
});

test('servers of another organization hold no calls back', async () => {
  await register('require_approval_all');
  const { body } = await call(gateway.url, 'createOrganization', { body: { name: 'Other' } });
  await (await integrate({}, body.id))();
  expect(arrived).toEqual(['POST /mcp']);
});

describe('a document is not fetched from a place where every call waits', () => {
  const fetchFrom = (document_url: string) =>
    call(gateway.url, 'createIntegration', { body: { name: 'fetched', document_url } });

  test.each([
    ['directly', () => `http://127.0.0.1:${port}/mcp?tool=delete`],
    ['by a redirect', () => `http://127.0.0.1:${portOf(elsewhere)}/`],
  ])('%s', async (_, url) => {
    await register('require_approval_per_tool');
    const { status, body } = await fetchFrom(url());
    expect([status, body.details.failures[0].path]).toEqual([400, 'body.document_url']);
    expect(body.details.failures[0].message).toContain('whose calls wait for a person');
    expect(arrived).toEqual([]);
  });

  test('a document URL with a method override is not fetched where only reading calls run', async () => {
    await register('auto_approve_read_only');
    const { body } = await fetchFrom(`http://127.0.0.1:${port}/mcp?_method=DELETE`);
    expect(body.details.failures[0].message).toContain('whose calls wait for a person');
    expect(arrived).toEqual([]);
  });

  test('a document is fetched from a place where reading calls run', async () => {
    await register('auto_approve_read_only');
    await fetchFrom(`http://127.0.0.1:${port}/mcp`);
    expect(arrived).toEqual(['GET /mcp']);
  });
});

test('a call of an integration to the place of a server needs as many approvals as the server asks for', async () => {
  await register('require_approval_all', undefined, { required_approvals: 3 });
  const run = await integrate({});
  const { id } = (await run())._meta['gatehouse/approval'];
  const path = { approvalRequestId: id };
  const { data } = (await call(gateway.url, 'getApprovalRequest', { path })).body;
  expect([data.server_id, data.required_approvals]).toEqual([null, 3]);
});

describe('moving a server away from the place of integrations requires `approvals`', () => {
  const at = (path: string): string => `http://127.0.0.1:${port}${path}`;
  /** An organization with a server, and key pairs with and without `approvals`. */
  async function world(approval_policy: string, path = '/mcp/deep') {
    const { body: organization } = await call(gateway.url, 'createOrganization', { body: { name: 'Other' } });
    const on = { org_id: organization.id as string };
    const pairWith = async (...permissions: string[]) =>
      (await call(gateway.url, 'createApiKey', { path: on, body: { name: 'Pair', permissions } })).body;
    const [plain, approver] = [await pairWith('servers'), await pairWith('servers', 'approvals')];
    const register = async (url: string, policy = approval_policy, more = {}): Promise<string> => {
      const body = { name: 'Guarded', url, approval_policy: policy, ...more };
      return (await call(gateway.url, 'createMcpServer', { body, as: approver })).body.data.id;
    };
    const path_ = { mcpServerId: await register(at(path)) };
    return {
      ...{ on: on.org_id, plain, approver, register, mcpServerId: path_.mcpServerId },
      move: (to: string, as = plain) =>
        call(gateway.url, 'updateMcpServer', { path: path_, body: { url: to, name: 'Moved' }, as }),
      remove: (as = plain) => call(gateway.url, 'deleteMcpServer', { path: path_, as }),
    };
  }

  test.each(['require_approval_all', 'auto_approve_read_only'])(
    '403, and the call still waits, under %s',
    async (policy) => {
      const { on, move, remove, approver } = await world(policy);
      const run = await integrate({ path: '/mcp/deep' }, on);
      for (const answer of [
        await move(at('/elsewhere')),
        await move('https://mcp.example.com/mcp/deep'),
        await remove(),
      ]) {
        expect([answer.status, answer.body.error]).toEqual([403, expect.stringContaining('wait because of it')]);
      }
      expect(textOf(await run())).toContain('A person must approve this call');
      expect((await move(at('/elsewhere'), approver)).status).toBe(200);
      await run();
      expect(arrived).toEqual(['POST /mcp/deep']);
      expect((await remove(approver)).status).toBe(200);
    },
  );

  test('200: the server itself, or an equally strict one, still guards the place', async () => {
    const { on, move, remove, register } = await world('require_approval_per_tool');
    await integrate({}, on);
    expect((await move(at('/mcp/deep/'))).status).toBe(200);
    expect((await move(at('/mcp'))).status).toBe(200);
    expect((await move(at('/mcp.json'))).status).toBe(403);
    await register(at('/'), 'auto_approve_read_only');
    expect((await remove()).status).toBe(403);
    await register(at('/mcp/'), 'require_approval_all');
    expect((await move(at('/elsewhere'))).status).toBe(200);
    expect((await remove()).status).toBe(403);
  });

  test('403: another server at the place asks for fewer approvals', async () => {
    const { on, remove, register, mcpServerId, approver } = await world('require_approval_all');
    await integrate({}, on);
    await call(gateway.url, 'updateMcpServer', {
      path: { mcpServerId },
      body: { required_approvals: 2 },
      as: approver,
    });
    await register(at('/mcp'));
    expect((await remove()).status).toBe(403);
    await register(at('/mcp'), 'require_approval_all', { required_approvals: 2 });
    expect((await remove()).status).toBe(200);
  });

  test('200: the organization has no integrations, or no call waits', async () => {
    const alone = await world('require_approval_all');
    expect((await alone.move(at('/elsewhere'))).status).toBe(200);
    expect((await alone.remove()).status).toBe(200);
    const loose = await world('auto_approve_all');
    await integrate({}, loose.on);
    expect((await loose.remove()).status).toBe(200);
  });

  test('the audit log contains the old and the new URL, without secrets', async () => {
    const { move, remove, mcpServerId } = await world('require_approval_all', '/mcp?key=s3cret-1&page=2');
    await move('https://mcp.example.com/s3cret-in-the-path/x?token=s3cret-2#part');
    await remove();
    const { body } = await call(gateway.url, 'listAuditEvents', { query: { limit: 10 } });
    const events = body.data.filter(({ target }: Json) => target.id === mcpServerId);
    const to = 'https://mcp.example.com/[credential]/x?token=[credential]';
    expect(events.map(({ action, details }: Json) => [action, details.url])).toEqual([
      ['server.deleted', to],
      ['server.updated', { before: at('/mcp?key=[credential]&page=2'), after: to }],
      ['server.created', undefined],
    ]);
  });
});

test('a redirect that the document lists is followed to a server whose reading calls run', async () => {
  const way = { base: `http://127.0.0.1:${portOf(elsewhere)}`, verb: 'get', redirect: 307 } as const;
  await (await integrate(way))();
  await register('auto_approve_read_only');
  await (await integrate(way))();
  expect(arrived).toEqual(['GET /mcp/openapi.json', 'GET /mcp/openapi.json']);
});
