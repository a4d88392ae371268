import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { connect } from '../support/mcp-client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';

const POLICIES = [
  'auto_approve_all',
  'auto_approve_read_only',
  'require_approval_per_tool',
  'require_approval_all',
] as const;
const HINTS = [undefined, true, false] as const;
/** A decision of a person: `auto` and `ask` are about the present definition, the stale ones about another. */
const APPROVALS = ['none', 'auto', 'ask', 'stale-auto', 'stale-ask', 'expired-auto', 'expired-ask'] as const;
const PINS = ['same', 'changed', 'new', 'cleared'] as const;

type Case = {
  readonly readOnly: (typeof HINTS)[number];
  readonly destructive: (typeof HINTS)[number];
  readonly approval: (typeof APPROVALS)[number];
  readonly pin: (typeof PINS)[number];
};
type Expected = { readonly runs: boolean; readonly shown: string; readonly reason: string | undefined };

const CASES: readonly Case[] = HINTS.flatMap((readOnly) =>
  HINTS.flatMap((destructive) =>
    APPROVALS.flatMap((approval) => PINS.map((pin) => ({ readOnly, destructive, approval, pin }))),
  ),
);
const nameOf = ({ readOnly, destructive, approval, pin }: Case) => `${pin}.${approval}.${readOnly}.${destructive}`;

/** What the page "Which calls wait for a person" says, sentence by sentence. It knows nothing of the implementation. */
function oracle(policy: (typeof POLICIES)[number], { readOnly, destructive, approval, pin }: Case): Expected {
  const decided = approval === 'auto' || approval === 'ask' ? approval : undefined;
  // A decision about the present definition ends the change.
  const marked = pin === 'changed' && decided === undefined;
  const runs = { runs: true, shown: marked ? 'changed' : 'runs', reason: undefined };
  const waits = (reason: string) => ({ runs: false, shown: marked ? 'changed' : 'waits', reason });
  if (policy === 'auto_approve_all') {
    return runs;
  }
  if (policy === 'require_approval_all') {
    return waits('all');
  }
  if (pin !== 'same' && decided === undefined) {
    return waits(pin === 'changed' ? 'changed' : 'new');
  }
  if (decided !== undefined) {
    return decided === 'auto' ? runs : waits('per_tool');
  }
  if (approval.startsWith('stale')) {
    return waits('per_tool');
  }
  if (policy === 'require_approval_per_tool') {
    return waits('per_tool');
  }
  return readOnly === true && destructive !== true ? runs : waits('not_read_only');
}

const toolOf = (the: Case, description: string) =>
  tool(nameOf(the), {
    description,
    annotations: {
      ...(the.readOnly !== undefined && { readOnlyHint: the.readOnly }),
      ...(the.destructive !== undefined && { destructiveHint: the.destructive }),
    },
  });

/** A registered server, with the cases that it has. */
type Registered = Minted & { readonly cases: readonly Case[] };

let gateway: TestServer;
let upstream: ToolServer;
let servers: readonly Registered[];

const listedBy = async ({ serverId }: Minted): Promise<Json[]> => {
  gateway.clock.now += 1;
  return (await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: serverId } })).body.data;
};
const hashes = async (server: Minted) =>
  new Map((await listedBy(server)).map(({ name, definition_hash }) => [name, definition_hash]));

beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream = await startToolServer([]);
  const pinned = await mintOver(gateway, upstream.url, { name: 'Pinned' });
  const moved = await mintOver(gateway, `${upstream.url}?before`, { name: 'Moved' });
  servers = [
    { ...pinned, cases: CASES.filter(({ pin }) => pin !== 'cleared') },
    { ...moved, cases: CASES.filter(({ pin }) => pin === 'cleared') },
  ];

  // The first list, and the definitions that some people have approved.
  upstream.tools = CASES.filter(({ pin }) => pin !== 'new').map((the) => toolOf(the, 'First'));
  const first = await hashes(pinned);
  await hashes(moved);
  const url = `${upstream.url}?after`;
  await call(gateway.url, 'updateMcpServer', { path: { mcpServerId: moved.serverId }, body: { url } });

  // The present list.
  upstream.tools = CASES.map((the) => toolOf(the, the.pin === 'changed' ? 'Second' : 'First'));
  const ends = gateway.clock.now + 10_000;
  for (const server of servers) {
    const present = await hashes(server);
    const add = async (the: Case): Promise<void> => {
      const tool_name = nameOf(the);
      const isStale = the.approval.startsWith('stale');
      const old = the.pin === 'changed' ? first.get(tool_name) : 'b'.repeat(64);
      const body = {
        tool_name,
        approval_hash: isStale ? old : present.get(tool_name),
        auto_approve: the.approval.endsWith('auto'),
        ...(the.approval.startsWith('expired') && { expires_at: ends }),
      };
      const path = { mcpServerId: server.serverId };
      expect((await call(gateway.url, 'addToolApproval', { path, body })).status).toBe(201);
    };
    await Promise.all(server.cases.filter(({ approval }) => approval !== 'none').map(add));
  }
  gateway.clock.now = ends;
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** Why the calls of each tool of a server wait, as approval requests say. */
async function reasonsOf({ serverId }: Registered): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  for (let page = 0, hasNext = true; hasNext; page += 1) {
    const query = { status: 'pending', server_id: serverId, limit: '100', page: `${page}` };
    const { requests, has_next } = (await call(gateway.url, 'listApprovalRequests', { query })).body.data;
    for (const { tool_name, reason } of requests) {
      reasons.set(tool_name, reason);
    }
    hasNext = has_next;
  }
  return reasons;
}

test('the table has every case', () => {
  expect(CASES).toHaveLength(3 * 3 * 7 * 4);
  expect(new Set(CASES.map(nameOf)).size).toBe(CASES.length);
});

test.each(POLICIES)('list, call and …/tools decide as the page says, under %s', async (approval_policy) => {
  for (const server of servers) {
    const path = { mcpServerId: server.serverId };
    await call(gateway.url, 'updateApprovalPolicy', { path, body: { approval_policy } });
    const shown = new Map((await listedBy(server)).map(({ name, approval }) => [name, approval]));

    const ask = await connect({ gateway, token: server.token }, 'just calls');
    const listed: string[] = [];
    for (let cursor: string | undefined, isMore = true; isMore; isMore = cursor !== undefined) {
      const { result } = (await ask('tools/list', cursor === undefined ? {} : { cursor })).body;
      listed.push(...result.tools.map(({ name }: Json) => name));
      cursor = result.nextCursor;
    }

    upstream.called.length = 0;
    const answers = new Map<string, boolean>();
    await Promise.all(
      server.cases.map(async (the) => {
        const { result } = (await ask('tools/call', { name: nameOf(the), arguments: {} })).body;
        answers.set(nameOf(the), result.isError !== true);
      }),
    );
    const called = new Set(upstream.called);
    const reasons = await reasonsOf(server);

    const found = server.cases.map((the) => {
      const name = nameOf(the);
      const runs = called.has(name);
      return [
        name,
        { runs, answered: answers.get(name), shown: shown.get(name), reason: runs ? undefined : reasons.get(name) },
      ];
    });
    const expected = server.cases.map((the) => {
      const { runs, ...others } = oracle(approval_policy, the);
      return [nameOf(the), { runs, answered: runs, ...others }];
    });
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    expect(upstream.called).toHaveLength(called.size);
    // A list shows what waits too.
    expect(new Set(listed)).toEqual(new Set(CASES.map(nameOf)));
  }
});
