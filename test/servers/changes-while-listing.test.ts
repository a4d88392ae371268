import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as catalogues from '../../src/store/catalogues.ts';
import { anyRoom } from '../support/any-room.ts';
import { type Answer, call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';

const OURS = tool('ours', { annotations: { readOnlyHint: true } });
const THEIRS = tool('theirs', { annotations: { readOnlyHint: true } });

let server: TestServer;
let upstream: ToolServer;
let path: { mcpServerId: string };
/** Lets the old server go on, once it was asked for its tools. */
let asked: PromiseWithResolvers<void>;
let goOn: PromiseWithResolvers<void>;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => server.stop());
beforeEach(async () => {
  upstream = await startToolServer([OURS]);
  const body = { name: 'Files', url: upstream.url, approval_policy: 'auto_approve_read_only' };
  path = { mcpServerId: (await call(server.url, 'createMcpServer', { body })).body.data.id };
  [asked, goOn] = [Promise.withResolvers(), Promise.withResolvers()];
  return () => upstream.stop();
});

const list = () => {
  server.clock.now += 1;
  return call(server.url, 'listMcpServerTools', { path });
};
const shown = ({ body }: Answer) =>
  body.data.map(({ name, approval }: { name: string; approval: string }) => `${name} ${approval}`);
const stored = () => catalogues.find(server.deps.store.read, path.mcpServerId.slice('mcp_'.length), anyRoom);
const update = async (body: object) =>
  expect((await call(server.url, 'updateMcpServer', { path, body })).status).toBe(200);
const slowly = () => {
  upstream.before = async ({ headers }) => {
    if (headers['mcp-method'] === 'tools/list') {
      asked.resolve();
      await goOn.promise;
    }
    return false;
  };
};
/** Does what is given between the question for the tools and the answer, and answers what came of the list. */
async function during(change: () => Promise<unknown>): Promise<Answer> {
  slowly();
  const listing = list();
  await asked.promise;
  await change();
  goOn.resolve();
  return listing;
}
const expectMoved = ({ status, body }: Answer) =>
  expect([status, body.error]).toEqual([
    502,
    "The MCP server 'Files' was changed or deleted while it listed its tools; ask again.",
  ]);

test.each([['never seen'], ['seen before']])(
  'tools of the old url are not stored for the new one: %s',
  async (seen) => {
    const other = await startToolServer([THEIRS]);
    if (seen === 'seen before') {
      await list();
      upstream.tools = [{ ...OURS, description: 'New' }];
    }
    expectMoved(await during(() => update({ url: other.url })));
    expect((await stored()).tools).toBeNull();
    expect(shown(await list())).toEqual(['theirs waits']);
    expect((await stored()).pins).toEqual({});
    await other.stop();
  },
);

test('tools of the old url are not stored after a list of the new one', async () => {
  const other = await startToolServer([THEIRS]);
  await list();
  upstream.tools = [{ ...OURS, description: 'New' }];
  const late = await during(async () => {
    await update({ url: other.url });
    expect(shown(await list())).toEqual(['theirs waits']);
  });
  expectMoved(late);
  // The list may be stored a moment after it was answered.
  await expect.poll(async () => (await stored()).tools?.map(({ definition }) => definition.name)).toEqual(['theirs']);
  await other.stop();
});

test('a server that is deleted during a list leaves nothing behind', async () => {
  expectMoved(await during(() => call(server.url, 'deleteMcpServer', { path })));
  expect(await stored()).toMatchObject({ tools: null, seenAt: null, pins: null });
  expect((await list()).status).toBe(404);
});

test('a change that keeps the server reached alike does not affect the list', async () => {
  const answer = await during(() => update({ description: 'New', tags: ['new'] }));
  expect(shown(answer)).toEqual(['ours runs']);
  expect((await stored()).tools).toHaveLength(1);
});

test('a server that is changed and changed back lists again, and every call waits', async () => {
  expect(shown(await list())).toEqual(['ours runs']);
  await update({ url: 'http://127.0.0.1:1/mcp' });
  await update({ url: upstream.url });
  expect(shown(await list())).toEqual(['ours waits']);
  // The list may be stored a moment after it was answered.
  await expect.poll(async () => (await stored()).tools?.map(({ definition }) => definition.name)).toEqual(['ours']);
});
