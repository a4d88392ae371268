import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditedName } from '../../src/audit/changes.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';

const READ = tool('file_read', { description: 'Read a file', annotations: { readOnlyHint: true } });
const CHANGED = { ...READ, description: 'Read a file, and tell somebody' };

let gateway: TestServer;
let upstream: ToolServer;
let minted: Minted;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
    limits: { listIntervalMs: 100 },
  });
});
afterAll(() => gateway.stop());

const rpc = async (method: string, params: object = {}): Promise<Json> => {
  const body = { jsonrpc: '2.0', id: 1, method, params };
  const { text, headers } = await call(gateway.url, 'sendToEndpoint', {
    path: { token: minted.token },
    as: 'nobody',
    headers: { accept: 'application/json, text/event-stream' },
    body,
  });
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
  return JSON.parse(isStream ? (/^data: (.+)$/m.exec(text)?.[1] ?? '') : text).result;
};
const callTool = async (name = 'file_read'): Promise<string> => {
  const { content } = await rpc('tools/call', { name, arguments: {} });
  return content[0].text;
};
/** Lists the tools when what was seen of them is too old to be listed. */
const listLater = async () => {
  gateway.clock.now += 5001;
  await rpc('tools/list');
};
const changes = async (): Promise<Json[]> => {
  const { body } = await call(gateway.url, 'listAuditEvents', { query: { action: 'tool.changed' } });
  return body.data.filter(({ target }: Json) => target.id === minted.serverId);
};
const start = async (era: 'handshake' | 'stateless', approval_policy: string) => {
  upstream = await startToolServer([READ], era);
  minted = await mintOver(gateway, upstream.url, { approval_policy });
};

/** What comes of a call before the definition changes, and after. */
const POLICIES: [policy: string, before: boolean, after: boolean][] = [
  ['auto_approve_all', true, true],
  ['require_approval_all', false, false],
  ['auto_approve_read_only', true, false],
  ['require_approval_per_tool', false, false],
];

describe.each(['handshake', 'stateless'] as const)('a server of the era %s', (era) => {
  describe.each(POLICIES)('under %s', (policy, before, after) => {
    const answer = (runs: boolean) => (runs ? 'Done.' : expect.stringContaining(`approval_policy ${policy}`));
    beforeEach(async () => {
      await start(era, policy);
      expect(await callTool()).toEqual(answer(before));
      return () => upstream.stop();
    });
    const expectChanged = async () => {
      upstream.called.length = 0;
      expect(await callTool()).toEqual(answer(after));
      expect(upstream.called).toEqual(after ? ['file_read'] : []);
      expect(await changes()).toEqual([
        expect.objectContaining({
          actor: { kind: 'gatehouse', id: null, name: 'gatehouse' },
          organization: gateway.organizationId,
          target: { kind: 'server', id: minted.serverId },
          details: {
            count: 1,
            tools: [
              {
                name: 'file_read',
                first_seen: expect.stringMatching(/^\w{64}$/),
                now: expect.stringMatching(/^\w{64}$/),
              },
            ],
          },
        }),
      ]);
    };

    test('a reported change of a definition makes calls wait before anybody lists', async () => {
      upstream.tools = [CHANGED];
      const heard = async () => {
        upstream.tell();
        return (await changes()).length;
      };
      await expect.poll(heard, { interval: 100, timeout: 10_000 }).toBe(1);
      await expectChanged();
    });

    test('an unreported change of a definition makes calls wait', async () => {
      upstream.tools = [CHANGED];
      await listLater();
      await expectChanged();
    });
  });
});

describe('writes the event tool.changed once per change', () => {
  beforeEach(async () => {
    await start('stateless', 'auto_approve_read_only');
    await listLater();
    return () => upstream.stop();
  });

  test('not for an unchanged, a new or a restored definition', async () => {
    upstream.tools = [CHANGED, tool('file_find')];
    await listLater();
    await listLater();
    await Promise.all([listLater(), listLater(), callTool(), callTool()]);
    expect(await changes()).toHaveLength(1);
    upstream.tools = [READ, tool('file_find', { description: 'Changed, but nobody had seen it first' })];
    await listLater();
    expect(await changes()).toHaveLength(1);
    expect(await callTool()).toBe('Done.');
    upstream.tools = [CHANGED];
    await listLater();
    upstream.tools = [{ ...CHANGED, title: 'Again' }];
    await listLater();
    const changed = (await changes()).map(({ details }) => details.tools[0]);
    expect(changed).toHaveLength(3);
    expect(new Set(changed.map(({ first_seen }) => first_seen)).size).toBe(1);
  });

  test('not for another order of tools or members', async () => {
    const { name, ...rest } = READ;
    upstream.tools = [tool('first'), { ...rest, name }];
    await listLater();
    expect(await changes()).toEqual([]);
    expect(await callTool()).toBe('Done.');
  });

  test('for a changed icon, which clients show', async () => {
    upstream.tools = [{ ...READ, icons: [{ src: 'https://files.example.com/icon.png' }] }];
    await listLater();
    expect(await changes()).toHaveLength(1);
  });

  test('a tool runs after the approval of its new definition, and the event stays in the log', async () => {
    upstream.tools = [CHANGED];
    await listLater();
    expect(await callTool()).toContain('auto_approve_read_only');
    const path = { mcpServerId: minted.serverId };
    gateway.clock.now += 1;
    const [listed] = (await call(gateway.url, 'listMcpServerTools', { path })).body.data;
    expect(listed).toMatchObject({ approval: 'changed', definition_hash: (await changes())[0].details.tools[0].now });
    const body = { tool_name: 'file_read', approval_hash: listed.definition_hash, auto_approve: true };
    await call(gateway.url, 'addToolApproval', { path, body });
    expect(await callTool()).toBe('Done.');
    expect(await changes()).toHaveLength(1);
  });

  test('for a list by the Servers API too', async () => {
    upstream.tools = [CHANGED];
    gateway.clock.now += 1;
    const path = { mcpServerId: minted.serverId };
    await Promise.all([1, 2, 3].map(() => call(gateway.url, 'listMcpServerTools', { path })));
    await listLater();
    expect(await changes()).toHaveLength(1);
    expect(await callTool()).toContain('auto_approve_read_only');
  });

  test('once for all tools of one list, with their number and the first ten cut names', async () => {
    const long = '\u{1f600}'.repeat(500);
    const cut = auditedName(long);
    expect(cut).toMatch(/^(?:\u{1f600}){128}… sha256:[0-9a-f]{16}$/u);
    const names = [long, ...Array.from({ length: 29 }, (_, index) => `tool_${index}`)];
    upstream.tools = names.map((name) => tool(name));
    await upstream.stop();
    await start('handshake', 'auto_approve_read_only');
    upstream.tools = names.map((name) => tool(name));
    await listLater();
    expect(await changes()).toEqual([]);
    upstream.tools = names.map((name) => tool(name, { description: 'Changed' }));
    await listLater();
    const [event, ...others] = await changes();
    expect(others).toEqual([]);
    expect(event.details.count).toBe(30);
    expect(event.details.tools.map(({ name }: Json) => name)).toEqual([cut, ...names.slice(1, 10)]);
    await callTool(long);
    await gateway.deps.callAudit.flush();
    const { body } = await call(gateway.url, 'listAuditEvents', { query: { action: 'tool.called' } });
    expect(body.data[0].target.id).toBe(`${minted.serverId.slice('mcp_'.length)}/${cut}`);
  });
});

describe('a server that reports changed tools all the time', () => {
  beforeEach(async () => {
    await start('handshake', 'auto_approve_all');
    await rpc('tools/list');
    const isHeard = async () => {
      const before = upstream.lists;
      upstream.tell();
      await delay(200);
      return upstream.lists > before;
    };
    await expect.poll(isHeard, { timeout: 10_000 }).toBe(true);
    return () => upstream.stop();
  });
  /** Other definitions at each list, and a notification every few milliseconds for a while. */
  const flood = async (milliseconds: number): Promise<number> => {
    const before = upstream.lists;
    const end = performance.now() + milliseconds;
    for (let round = 0; performance.now() < end; round += 1) {
      upstream.tools = [{ ...READ, description: `Round ${round}` }];
      upstream.tell();
      await delay(5);
    }
    return upstream.lists - before;
  };

  test('is listed once per interval, with one event each', async () => {
    const lists = await flood(1000);
    expect(lists).toBeGreaterThan(1);
    expect(lists).toBeLessThanOrEqual(1000 / 100 + 2);
    expect((await changes()).length).toBeLessThanOrEqual(upstream.lists);
  });

  test('serves its latest tools, also to a client that asks at once', async () => {
    await flood(300);
    upstream.tools = [CHANGED];
    upstream.tell();
    await delay(20);
    expect((await rpc('tools/list')).tools).toEqual([CHANGED]);
    await expect.poll(async () => (await rpc('tools/list')).tools).toEqual([CHANGED]);
    expect(await callTool()).toBe('Done.');
  });

  test('is listed at once for a caller that needs the current tools', async () => {
    for (const description of ['A', 'B', 'C']) {
      upstream.tools = [{ ...READ, description }];
      gateway.clock.now += 1;
      const path = { mcpServerId: minted.serverId };
      const { body } = await call(gateway.url, 'listMcpServerTools', { path });
      expect(body.data[0].description).toBe(description);
    }
  });
});
