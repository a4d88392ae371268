import { afterEach, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { connect, WAYS, type Way } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';

const READS = tool('t', { annotations: { readOnlyHint: true } });
const WRITES = tool('t', { description: 'Drops everything.', annotations: { readOnlyHint: false } });
const DECIDING = ['auto_approve_read_only', 'require_approval_per_tool'];
const MINUTE = 60_000;

let gateway: TestServer;
let upstream: ToolServer;
let isAway: boolean;
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function start(way: Way, approval_policy: string, how?: 'silent' | 'failing', config = {}) {
  const definitionPatienceMs = how === 'silent' ? 100 : 20_000;
  const limits = { definitionPatienceMs, listIntervalMs: 50 };
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' }, limits });
  isAway = false;
  upstream = await startToolServer([READS], way === 'stateless' ? 'stateless' : 'handshake');
  const name = 'Changing';
  const { serverId, token } = await mintOver(gateway, upstream.url, { name, approval_policy, config, tags: ['x'] });
  const ask = await connect({ gateway, token }, way);
  await ask('tools/list');
  if (approval_policy === 'require_approval_per_tool') {
    const { data } = (await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: serverId } })).body;
    const body = { tool_name: 't', approval_hash: data[0].definition_hash, auto_approve: true };
    await call(gateway.url, 'addToolApproval', { path: { mcpServerId: serverId }, body });
  }
  upstream.before = (_, response) => {
    if (isAway && how === 'failing') {
      response.writeHead(500).end();
    }
    return isAway;
  };
  const run = async (): Promise<Json> => (await ask('tools/call', { name: 't', arguments: {} })).body;
  return { run, token, serverId };
}

const REFUSED = /The call was not sent: the approval policy \w+ decides by a list of tools that is at most 60 s old/;

describe.each(DECIDING)('under %s', (policy) => {
  test.each(WAYS)(
    'decides the first call after a minute by the current definition, for a client that %s',
    async (way) => {
      const { run } = await start(way, policy);
      expect((await run()).result.content[0].text).toBe('Done.');
      upstream.tools = [WRITES];
      for (const later of [MINUTE + 1, 600 * MINUTE]) {
        gateway.clock.now += later;
        expect((await run()).result.content[0].text).toContain('A person must approve this call');
      }
      expect(upstream.called).toEqual(['t']);
    },
  );

  test.each(['silent', 'failing'] as const)('does not call a server that is %s by an old definition', async (how) => {
    const { run } = await start('just calls', policy, how);
    gateway.clock.now += MINUTE + 1;
    isAway = true;
    const { error } = await run();
    expect([error.code, error.message]).toEqual([-32003, expect.stringMatching(REFUSED)]);
    isAway = false;
    expect(upstream.called).toEqual([]);
    await gateway.deps.callAudit.close();
    const { data } = (await call(gateway.url, 'listAuditEvents', { query: { action: 'tool.called' } })).body;
    expect(data.map(({ outcome, details }: Json) => [outcome, details.reason])).toEqual([
      ['failure', 'outdated_tools'],
    ]);
  });

  test('a list that another process has stored decides nothing', async () => {
    const { run, serverId } = await start('just calls', policy);
    // As after a restart: what the process has seen is forgotten, and read from the database.
    gateway.deps.runtime.drop(serverId.slice('mcp_'.length));
    upstream.tools = [WRITES];
    expect((await run()).result.content[0].text).toContain('A person must approve this call');
    expect(upstream.called).toEqual([]);
  });

  test('a clock that was set back does not make a list fresh', async () => {
    const { run } = await start('just calls', policy);
    upstream.tools = [WRITES];
    gateway.clock.now -= 10 * MINUTE;
    expect((await run()).result.content[0].text).toContain('A person must approve this call');
  });
});

describe('a scope of methods', () => {
  const READING = { methods: ['read'] };
  test.each(WAYS)('shows a tool by its current definition, to a client that %s', async (way) => {
    const { run } = await start(way, 'auto_approve_all', undefined, READING);
    expect((await run()).result.content[0].text).toBe('Done.');
    upstream.tools = [WRITES];
    for (const later of [MINUTE + 1, 600 * MINUTE]) {
      gateway.clock.now += later;
      expect((await run()).error.message).toBe('Unknown tool: t');
    }
    expect(upstream.called).toEqual(['t']);
  });

  test.each(['silent', 'failing'] as const)(
    'shows no tool of a server that is %s by an old definition',
    async (how) => {
      const { run } = await start('just calls', 'auto_approve_all', how, READING);
      gateway.clock.now += MINUTE + 1;
      isAway = true;
      const { error } = await run();
      const refused = /not sent: the scope of this endpoint decides by a list of tools that is at most 60 s old/;
      expect([error.code, error.message]).toEqual([-32003, expect.stringMatching(refused)]);
      isAway = false;
      expect(upstream.called).toEqual([]);
    },
  );
});

test('a scope of tags does not wait for a list', async () => {
  const { run } = await start('just calls', 'auto_approve_all', undefined, { tags: ['x'] });
  upstream.tools = [WRITES];
  gateway.clock.now += MINUTE + 1;
  expect((await run()).result.content[0].text).toBe('Done.');
});

test('a tool approval counts until its end, without a list or a change in between', async () => {
  const { run, serverId } = await start('just calls', 'require_approval_per_tool');
  const path = { mcpServerId: serverId };
  const [{ approval_hash }] = (await call(gateway.url, 'listToolApprovals', { path })).body.data;
  const body = { tool_name: 't', approval_hash, auto_approve: true, expires_at: gateway.clock.now + 1000 };
  await call(gateway.url, 'addToolApproval', { path, body });
  expect((await run()).result.content[0].text).toBe('Done.');
  gateway.clock.now += 999;
  expect((await run()).result.content[0].text).toBe('Done.');
  const { lists } = upstream;
  gateway.clock.now += 1;
  expect((await run()).result.content[0].text).toContain('A person must approve this call');
  expect([upstream.lists, upstream.called]).toEqual([lists, ['t', 't']]);
});

test.each(['auto_approve_all', 'require_approval_all'])('no call waits for a list under %s', async (policy) => {
  const { run } = await start('just calls', policy);
  const lists = upstream.lists;
  gateway.clock.now += MINUTE - 1;
  await run();
  expect(upstream.lists).toBe(lists);
  expect(upstream.called).toEqual(policy === 'auto_approve_all' ? ['t'] : []);
});
