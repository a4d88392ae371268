import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { connect, type Way } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { result, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { ACCOUNT_KINDS, type AccountOfKind } from './support/account-kinds.ts';

const INVALID = { code: -32602, message: expect.stringContaining('call tools/list again without a cursor') };

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
    limits: { listIntervalMs: 10 },
  });
});
afterAll(() => gateway.stop());

const list = async (token: string, cursor?: unknown, way: Way = 'just calls'): Promise<Json> => {
  const ask = await connect({ gateway, token }, way);
  return (await ask('tools/list', cursor === undefined ? {} : { cursor })).body;
};

/** All pages of an endpoint. */
async function pages(token: string, way: Way = 'just calls'): Promise<Json[]> {
  const all: Json[] = [];
  for (let cursor: unknown; all.length === 0 || cursor !== undefined; ) {
    const { result } = await list(token, cursor, way);
    all.push(result);
    cursor = result.nextCursor;
  }
  return all;
}
const namesIn = (page: Json): string[] => page.tools.map(({ name }: Json) => name);

describe.each(Object.entries(ACCOUNT_KINDS))('%s', (_, start) => {
  let account: AccountOfKind;
  beforeAll(async () => {
    account = await start(gateway, 450);
  });
  afterAll(() => account.stop());

  test.each<Way>(['just calls', 'stateless'])('is listed in pages of 200 tools (%s)', async (way) => {
    const { token } = await account.mint();
    const all = await pages(token, way);
    expect(all.map(({ tools }) => tools.length)).toEqual([200, 200, 50]);
    const names = all.flatMap(namesIn);
    expect(new Set(names).size).toBe(450);
    expect(all.map((page) => 'nextCursor' in page)).toEqual([true, true, false]);
    expect(all.map(({ resultType }) => resultType)).toEqual(
      Array(3).fill(way === 'stateless' ? 'complete' : undefined),
    );
    // The same page again.
    expect((await list(token, all[0]?.nextCursor, way)).result).toEqual(all[1]);
  });

  test('takes an empty cursor, and null, for the first page', async () => {
    const { token } = await account.mint();
    const first = (await list(token)).result;
    expect([(await list(token, '')).result, (await list(token, null)).result]).toEqual([first, first]);
  });

  test('refuses every other cursor', async () => {
    const [own, other] = [await account.mint(), await account.mint()];
    const { nextCursor } = (await list(own.token)).result;
    const bytes = Buffer.from(nextCursor, 'base64url');
    const changed = Buffer.from(bytes);
    changed[0] = (changed[0] ?? 0) ^ 1;
    const forged = Buffer.concat([bytes.subarray(0, 12), Buffer.from('"get_thing_1"')]);
    const bad = [
      (await list(other.token)).result.nextCursor,
      changed.toString('base64url'),
      forged.toString('base64url'),
      bytes.subarray(0, -1).toString('base64url'),
      bytes.subarray(0, 5).toString('base64url'),
      `${nextCursor}=`,
      ` ${nextCursor}`,
      bytes.toString('base64'),
      'nonsense',
      'x'.repeat(100_000),
      7,
      true,
      {},
      [nextCursor],
    ].filter((cursor) => cursor !== nextCursor);
    for (const cursor of bad) {
      expect(await list(own.token, cursor)).toMatchObject({ error: INVALID });
    }
    expect(bad.length).toBeGreaterThan(12);
  });

  test('has only the tools of its scope in pages', async () => {
    const { token } = await account.mint({ methods: ['get'] });
    expect((await pages(token)).map(({ tools }) => tools.length)).toEqual([200, 25]);
  });

  test('refuses a cursor after a tool that the scope hides by now, with the same words', async () => {
    const { id, token, accountId } = await account.mint();
    const { nextCursor } = (await list(token)).result;
    const path = { integrated_account_id: accountId, id };
    await call(gateway.url, 'updateEndpoint', { path, body: { config: { methods: ['get'] } } });
    expect(await list(token, nextCursor)).toMatchObject({ error: INVALID });
    await call(gateway.url, 'updateEndpoint', { path, body: { config: { methods: ['custom'] } } });
    // The last tool of the page is the hundredth of these.
    expect(namesIn((await list(token, nextCursor)).result)).toHaveLength(125);
  });

  test('goes on after a tool while others come and go, and refuses the cursor once that tool is gone', async () => {
    const { token } = await account.mint();
    const [, second] = await pages(token);
    const { nextCursor } = (await list(token)).result;
    await account.change(210);
    await expect.poll(async () => (await pages(token)).length).toBe(2);
    expect(namesIn((await list(token, nextCursor)).result)).toEqual(namesIn(second).slice(0, 10));
    await account.change(199);
    await expect.poll(async () => (await pages(token)).length).toBe(1);
    expect(await list(token, nextCursor)).toMatchObject({ error: INVALID });
    await account.change(200);
    await expect.poll(async () => (await list(token)).result.tools.length).toBe(200);
    const nothingLeft = (await list(token, nextCursor)).result;
    expect([nothingLeft.tools, '_meta' in nothingLeft]).toEqual([[], false]);
  });
});

test('a page ends before a tool that would make it larger than 1,000,000 bytes, and has at least one', async () => {
  const toolOf = (size: number, index: number) => ({
    name: index === 2 ? `lone \ud800 ${index}` : `größe ${index}`,
    description: 'x'.repeat(size),
    inputSchema: { type: 'object' },
  });
  const sizesIn = async (sizes: readonly number[]): Promise<number[][]> => {
    const server = await startScripted('handshake', { 'tools/list': result({ tools: sizes.map(toolOf) }) });
    const all = await pages((await mintOver(gateway, server.url)).token, 'own session');
    await server.stop();
    return all.map(({ tools }) => tools.map(({ description }: Json) => description.length));
  };
  expect(await sizesIn([400_000, 400_000, 400_000, 1_500_000, 10])).toEqual([
    [400_000, 400_000],
    [400_000],
    [1_500_000],
    [10],
  ]);
  const rest = 1_000_000 - Buffer.byteLength(JSON.stringify([10, 0].map(toolOf)));
  expect(await sizesIn([10, rest])).toEqual([[10, rest]]);
  expect(await sizesIn([10, rest + 1])).toEqual([[10], [rest + 1]]);
});

test('tools that an account cannot call are on no page, and the pages follow each other', async () => {
  const operation = (index: number) => ({
    get: { summary: `Read ${index}`, security: index % 2 === 0 ? [] : [{ key: [] }], responses: {} },
  });
  const document = {
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    servers: [{ url: 'https://service.example.com' }],
    paths: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`/things${index}/{id}`, operation(index)])),
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
  };
  const integration = (await call(gateway.url, 'createIntegration', { body: { name: 'partly', document } })).body;
  const account = {
    tenant_id: 'a',
    environment_integration_id: integration.id,
    authentication_method: 'bearer',
    context: { token: 'x' },
  };
  const { id } = (await call(gateway.url, 'createAccount', { body: account })).body;
  const path = { integrated_account_id: id };
  const { token } = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'All' } })).body;
  const all = await pages(token);
  const names = all.flatMap(namesIn);
  expect(all.map(({ tools }) => tools.length)).toEqual([200, 50]);
  expect(new Set(names).size).toBe(250);
});

test('the size of an integration is that of the definitions in all pages', async () => {
  const document = documentOf(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`GET /things${i}/{id}`, {}])));
  const integration = (await call(gateway.url, 'createIntegration', { body: { name: 'sized', document } })).body;
  const account = { tenant_id: 'a', environment_integration_id: integration.id, authentication_method: 'none' };
  const { id } = (await call(gateway.url, 'createAccount', { body: account })).body;
  const path = { integrated_account_id: id };
  const { token } = (await call(gateway.url, 'createEndpoint', { path, body: { name: 'All' } })).body;
  const definitions = (await pages(token)).flatMap(({ tools }) => tools);
  const bytes = definitions.reduce((sum, tool) => sum + Buffer.byteLength(JSON.stringify(tool)), 0);
  expect([definitions.length, integration.tools_bytes]).toEqual([250, bytes]);
});
