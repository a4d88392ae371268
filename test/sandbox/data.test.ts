import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { reference } from '../../src/suite/checks/operator/shared-support.ts';
import { run, temporaryFolder } from '../cli/support.ts';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { ROOT, startProgram } from '../support/process.ts';

const {
  GATEHOUSE_API_TOKEN: apiToken,
  GATEHOUSE_API_KEY: apiKey,
  GATEHOUSE_API_SECRET: apiSecret,
} = SANDBOX_CREDENTIALS;
const TEAM = { apiKey, apiSecret };
const HOLDER = { apiToken };
const OPERATOR = { Authorization: `Bearer ${SANDBOX_CREDENTIALS.GATEHOUSE_ADMIN_TOKEN}` };
const PORT = { GATEHOUSE_PORT: '0' };

const SERVER = 'mcp_11111111-1111-4111-8111-111111111111';
const ACCOUNT = '22222222-2222-4222-8222-222222222222';
const ENDPOINT = '33333333-3333-4333-8333-333333333333';
const WEBHOOK = 'whk_44444444-4444-4444-8444-444444444444';
const TOKEN = 'a'.repeat(32);
const DATA = {
  servers: [
    {
      id: SERVER,
      name: 'Ours',
      url: reference('CONTACTS_URL'),
      approval_policy: 'auto_approve_all',
      endpoints: [{ id: ENDPOINT, token: TOKEN, name: 'All of it' }, { name: 'Another' }],
      tool_approvals: [{ tool_name: 'list_contacts', approval_hash: 'b'.repeat(64), auto_approve: true }],
    },
    { name: 'Second', url: 'https://second.example.com' },
  ],
  integrations: [
    {
      name: 'shop',
      document: {
        openapi: '3.1.0',
        info: { title: 'Shop', version: '1' },
        servers: [{ url: 'https://shop.example.com' }],
        paths: { '/orders': { get: { summary: 'List orders', tags: ['orders'], responses: {} } } },
      },
      accounts: [
        {
          id: ACCOUNT,
          tenant_id: 'ours',
          authentication_method: 'bearer',
          context: { token: 'hush' },
          tool_approvals: [{ tool_name: 'list_all_shop_orders', approval_hash: 'c'.repeat(64), auto_approve: false }],
          endpoints: [{ name: 'Orders', config: { tags: ['orders'] } }],
        },
      ],
    },
  ],
  shared_servers: [
    { name: 'Shared', enabled: false, mcpServer: { name: 'shared', url: 'https://shared.example.com' } },
  ],
  webhooks: [{ id: WEBHOOK, url: 'https://hooks.example.com/x', events: ['approval.requested'] }],
};

test('--data: the sandbox holds the objects of the file instead of the examples, with the ids and tokens it chooses', async () => {
  const sandbox = await startSandbox(PORT, { data: JSON.stringify(DATA) });
  const { url } = sandbox;
  const servers = (await call(url, 'listMcpServers', { as: TEAM })).body.data.servers;
  expect(servers.map(({ name }: { name: string }) => name).toSorted()).toEqual(['Ours', 'Second']);
  const path = { mcpServerId: SERVER };
  expect((await call(url, 'listToolApprovals', { as: TEAM, path })).body.data).toMatchObject(
    DATA.servers[0]?.tool_approvals ?? [],
  );
  const accounts = (await call(url, 'listAccounts', { as: HOLDER })).body.result;
  expect(accounts.map(({ display_name }: { display_name: string }) => display_name).toSorted()).toEqual([
    'Ours',
    'Second',
    'shop',
  ]);
  expect(
    (await call(url, 'listAccountToolApprovals', { as: HOLDER, path: { id: ACCOUNT } })).body.result,
  ).toMatchObject(DATA.integrations[0]?.accounts[0]?.tool_approvals ?? []);
  const ofAccount = { integrated_account_id: ACCOUNT };
  expect((await call(url, 'listEndpoints', { as: HOLDER, path: ofAccount })).body.result).toMatchObject([
    { name: 'Orders', config: { tags: ['orders'] } },
  ]);
  const ofServer = { integrated_account_id: SERVER.slice('mcp_'.length), id: ENDPOINT };
  expect((await call(url, 'getEndpoint', { as: HOLDER, path: ofServer })).body.name).toBe('All of it');
  const shared = await call(url, 'listSharedServers', { as: 'nobody', headers: OPERATOR });
  expect(shared.body).toMatchObject([{ name: 'Shared', enabled: false }]);
  expect((await call(url, 'listWebhooks', { as: TEAM })).body.data).toMatchObject([
    { id: WEBHOOK, events: ['approval.requested'] },
  ]);
  const tools = await call(url, 'sendToEndpoint', {
    as: 'nobody',
    path: { token: TOKEN },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_contacts', arguments: {} } },
  });
  expect(tools.body.result.content[0].text).toContain('Ada Lovelace');
  await sandbox.stop();
});

test('an empty object is a sandbox without objects', async () => {
  const sandbox = await startSandbox(PORT, { data: '{}' });
  expect((await call(sandbox.url, 'listMcpServers', { as: TEAM })).body.data.servers).toEqual([]);
  expect((await call(sandbox.url, 'listAccounts', { as: HOLDER })).body.result).toEqual([]);
  await sandbox.stop();
});

describe('data that cannot be used name the object and the reason', () => {
  const server = { name: 'x', url: 'https://x.example.com' };
  test.each<[string, unknown, string]>([
    ['no JSON', '{"servers": [', 'the file: '],
    ['a list', [], 'the file: must be object'],
    ['an unknown member', { server: [] }, 'the file: must NOT have additional properties (server)'],
    ['servers by name', { servers: { x: server } }, 'servers: must be array'],
    ['an id of another API', { servers: [{ ...server, id: ACCOUNT }] }, 'servers[0].id: must match pattern'],
    [
      'a short token',
      { servers: [server, { ...server, endpoints: [{ name: 'x', token: 'a' }] }] },
      'servers[1].endpoints[0].token: must match pattern',
    ],
    [
      'an id twice',
      {
        servers: [
          { ...server, id: SERVER },
          { ...server, id: SERVER },
        ],
      },
      `${SERVER}: given to two objects`,
    ],
    [
      'a missing field',
      { servers: [{ name: 'x' }] },
      'servers[0]: {"message":"Validation failed","status":"error","error":"body.url: is required"}',
    ],
    ['a misspelt field', { integrations: [{ name: 'x', documnt: {} }] }, 'integrations[0]: {"statusCode":400'],
    [
      'an endpoint that the server refuses',
      { servers: [{ ...server, endpoints: [{ name: '' }] }] },
      'servers[0].endpoints[0]: {"statusCode":400',
    ],
    [
      'a shared server that is refused',
      { shared_servers: [{ name: 'x', mcpServer: { name: 'x' } }] },
      'shared_servers[0]: {"error":',
    ],
    [
      'a webhook that is refused',
      { webhooks: [{ url: 'ftp://x.example.com', events: ['approval.requested'] }] },
      'webhooks[0]: {"message":"Validation failed"',
    ],
  ])('%s', async (_, data, reason) => {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    await expect(startSandbox(PORT, { data: text })).rejects.toThrow(reason);
  });
});

describe('as a program', () => {
  const file = async (content: string) => {
    const path = join(await temporaryFolder(), 'data.json');
    writeFileSync(path, content);
    return path;
  };

  test('wrong data are a wrong usage, and the program ends', async () => {
    const path = await file('{"servers": [{"name": "x"}]}');
    const program = startProgram({}, ['src/cli/main.ts', 'sandbox', '--data', path]);
    expect(await program.exited).toBe(2);
    expect(program.output()).toMatch(
      /^--data \S+data\.json: servers\[0\]: .*body\.url: is required.*\nSee .*sandbox --help\.\n$/,
    );
  });

  test.each([
    [['--data', '/not/there.json'], '--data /not/there.json: cannot be read (ENOENT)'],
    [['--latency', 'long'], '--latency: must be a whole number from 0 to 600000'],
    [['--fail', 'nope=503'], '--fail nope=503: no operation has the id nope'],
    [['--fail', 'listMcpServers=418'], '--fail listMcpServers=418: the document has no answer 418 of listMcpServers'],
    [['--date', 'x'], '--date: unknown option: did you mean `--data`?'],
  ])('%j is a wrong usage', async (args, reason) => {
    const { code, stderr } = await run(['sandbox', ...args], PORT);
    expect([code, stderr.split('\n')[0]]).toEqual([2, reason]);
  });

  test('its data show no token that they do not have, and its answers wait and fail as the options say', async () => {
    const path = await file(JSON.stringify(DATA));
    const args = ['--data', path, '--latency', '300', '--fail', 'listMcpServers=503'];
    const program = startProgram({}, ['src/cli/main.ts', 'sandbox', ...args]);
    const url = await program.ready;
    expect(program.output()).not.toContain('MCP_ENDPOINT_TOKEN');
    const start = performance.now();
    const headers = { 'X-API-KEY': apiKey, 'X-API-SECRET': apiSecret };
    expect((await askOnce(url, 'get', '/api/mcp-servers', { headers })).status).toBe(503);
    expect(performance.now() - start).toBeGreaterThan(250);
    program.child.kill('SIGTERM');
    expect(await program.exited).toBe(0);
  });
});

describe('--fail', () => {
  const origin = 'http://localhost:5173';
  const headers = { Origin: origin, 'X-API-KEY': apiKey, 'X-API-SECRET': apiSecret };

  test('an operation fails with the error that it answers for real, which pages can read; others do not', async () => {
    const faults = [
      { operation: 'listMcpServers', status: 503, rate: 1 },
      { operation: 'listOrganizations', status: 500, rate: 1 },
      { operation: 'sendToEndpoint', status: 429, rate: 1 },
    ];
    const sandbox = await startSandbox(PORT, { disturbances: { latencyMs: 0, faults } });
    const { url } = sandbox;
    const list = await call(url, 'listMcpServers', { as: 'nobody', headers });
    expect([list.status, list.body.status, list.headers.get('Retry-After')]).toEqual([503, 'error', '1']);
    expect(list.headers.get('Access-Control-Allow-Origin')).toBe(origin);
    const organizations = await call(url, 'listOrganizations', { as: 'nobody', headers: OPERATOR });
    expect([organizations.status, organizations.body.error.code]).toEqual([500, 'internal_error']);
    const tools = await call(url, 'sendToEndpoint', {
      as: 'nobody',
      path: { token: SANDBOX_CREDENTIALS.MCP_ENDPOINT_TOKEN },
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    });
    expect([tools.status, tools.body.jsonrpc]).toEqual([429, '2.0']);
    const path = { mcpServerId: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' };
    expect((await call(url, 'getMcpServer', { as: TEAM, path })).status).toBe(200);
    await sandbox.stop();
  });

  test('* lets every operation fail that documents the status, and a rate of 0 none', async () => {
    const all = await startSandbox(PORT, {
      disturbances: { latencyMs: 0, faults: [{ operation: '*', status: 401, rate: 1 }] },
    });
    expect((await call(all.url, 'listMcpServers', { as: TEAM })).status).toBe(401);
    expect((await askOnce(all.url, 'get', '/healthz', {})).status).toBe(200);
    await all.stop();
    const none = await startSandbox(PORT, {
      disturbances: { latencyMs: 0, faults: [{ operation: '*', status: 401, rate: 0 }] },
    });
    expect((await call(none.url, 'listMcpServers', { as: TEAM })).status).toBe(200);
    await none.stop();
  });
});

test('the data that docs/kit.md shows are taken', async () => {
  const page = readFileSync(join(ROOT, 'docs/kit.md'), 'utf8');
  const [, shown = ''] = /^ {2}```json\n(.*?)^ {2}```/ms.exec(page) ?? [];
  const sandbox = await startSandbox(PORT, { data: shown });
  const { token } = JSON.parse(shown).servers[0].endpoints[0];
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const tools = await call(sandbox.url, 'sendToEndpoint', { as: 'nobody', path: { token }, body });
  expect(tools.body.result.tools).toHaveLength(2);
  await sandbox.stop();
});
