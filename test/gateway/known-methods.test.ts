import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beginSession, connect, eraOf, post, WAYS, type Way } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { accepted, result, type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** What the protocol knows beside what the gateway answers itself, by who may ask it. */
const EVERYWHERE = [
  ...['completion/complete', 'prompts/list', 'prompts/get', 'resources/list', 'resources/templates/list'],
  'resources/read',
];
const HANDSHAKE = ['ping', ...EVERYWHERE];
const KNOWN: Record<Way, string[]> = {
  'just calls': HANDSHAKE,
  'own session': [
    ...HANDSHAKE,
    ...['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'],
    ...['tasks/list', 'tasks/get', 'tasks/result', 'tasks/cancel'],
  ],
  stateless: ['subscriptions/listen', ...EVERYWHERE],
};
/** Some of the other era, of servers, of vendors; and what only looks like one that is known. */
const UNKNOWN = [
  ...['roots/list', 'sampling/createMessage', 'elicitation/create', 'tasks/run', 'tools/execute', 'vendor/tool', 'x'],
  ...['tools/call/', '/tools/call', 'tools//call', './tools/call', 'tools\\call', 'TOOLS/CALL', 'Tools/Call'],
  ...['tools/call;x', 'tools/call?x', 'tools.call', 'tools%2Fcall', 'Ping', 'resources/read/', 'prompts/Get'],
];
/** They cannot stand in a header, as those of the stateless era do. */
const UNWRITABLE = [
  ...['tools/call\u0000', 'tools/call\u200b', '\ufefftools/call', 'tools/call ', ' tools/call', 'tools/call\n'],
  ...[
    'tool\u017f/call',
    'tools\u2044call',
    'tools\uff0fcall',
    'tools/ca\u217cl',
    'tools/c\u0430ll',
    'tools/call\u00ad',
  ],
  ...['resources/read\u0000', 'tasks/get\u0000', 'tasks/\u200bget', ''],
];
const unknownTo = (way: Way): string[] =>
  way === 'stateless'
    ? [...UNKNOWN, 'ping', 'initialize', 'tasks/get']
    : [...UNKNOWN, ...UNWRITABLE, 'server/discover'];

const HOLDING = ['auto_approve_read_only', 'require_approval_per_tool', 'require_approval_all'];

let gateway: TestServer;
const upstream = {} as Record<'handshake' | 'stateless', Scripted>;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  for (const era of ['handshake', 'stateless'] as const) {
    upstream[era] = await startScripted(era);
    const methods = [...KNOWN['own session'], ...KNOWN.stateless, ...UNKNOWN, ...UNWRITABLE];
    for (const method of methods) {
      upstream[era].script[method] = result(era === 'stateless' ? { resultType: 'complete' } : {});
    }
  }
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(Object.values(upstream).map((server) => server.stop()));
});

describe.each(WAYS)('a client that %s', (way) => {
  const server = () => upstream[eraOf(way)];
  const asked = async (approval_policy: string, methods: readonly string[], config = {}) => {
    const { token } = await mintOver(gateway, server().url, { approval_policy, config });
    const ask = await connect({ gateway, token }, way);
    const passed: string[] = [];
    const codes = new Set<number>();
    for (const method of methods) {
      const before = server().got(method).length;
      const { body } = await ask(method, { uri: 'test://x', name: 'test://x', level: 'info', taskId: 't' });
      (server().got(method).length > before ? passed : []).push(method);
      codes.add(body.error?.code ?? 0);
    }
    return { passed, codes: [...codes] };
  };

  test.each(HOLDING)('can use every method of the protocol under %s', async (policy) => {
    const { passed, codes } = await asked(policy, KNOWN[way]);
    expect([passed.toSorted(), codes]).toEqual([KNOWN[way].toSorted(), [0]]);
  });

  test.each(HOLDING)('can use no other method under %s', async (policy) => {
    const { passed, codes } = await asked(policy, unknownTo(way));
    expect([passed, codes]).toEqual([[], [-32601]]);
  });

  test('can use vendor methods if nothing is held back', async () => {
    expect((await asked('auto_approve_all', ['vendor/tool', 'x'])).passed).toEqual(['vendor/tool', 'x']);
  });

  test('can use only methods of tools with a scope', async () => {
    const methods = ['vendor/tool', 'resources/read', 'tasks/run', 'tools/call/'];
    expect((await asked('auto_approve_all', methods, { methods: ['read'] })).passed).toEqual([]);
  });
});

describe('in a session of a client', () => {
  const KNOWN_NOTIFICATIONS = [
    ...['notifications/cancelled', 'notifications/progress', 'notifications/roots/list_changed'],
    ...['notifications/tasks/status', 'notifications/initialized'],
  ];
  const OTHERS = ['notifications/vendor', 'notifications/../tools/call', 'notifications/cancelled\u0000', 'tools/call'];
  const told = async (more: Readonly<Record<string, unknown>>, methods: readonly string[]) => {
    const server = upstream.handshake;
    const { token } = await mintOver(gateway, server.url, more);
    const session = await beginSession({ gateway, token });
    const passed: string[] = [];
    for (const method of methods) {
      server.script[method] ??= accepted;
      const before = server.got(method).length;
      const { status } = await post({ gateway, token }, { jsonrpc: '2.0', method, params: {} }, session);
      expect(status).toBe(202);
      (server.got(method).length > before ? passed : []).push(method);
    }
    return passed;
  };

  test.each([
    ...HOLDING.map((approval_policy) => [approval_policy, { approval_policy }] as const),
    ['a scope', { config: { methods: ['read'] } }] as const,
  ])('passes on only notifications of the protocol under %s', async (_, more) => {
    expect(await told(more, [...KNOWN_NOTIFICATIONS, ...OTHERS])).toEqual(KNOWN_NOTIFICATIONS);
  });

  test('passes on vendor notifications if nothing is held back', async () => {
    expect(await told({}, ['notifications/vendor', 'tools/call'])).toEqual(['notifications/vendor']);
  });

  test.each(HOLDING)('passes on answers to the server under %s', async (approval_policy) => {
    const server = upstream.handshake;
    const { token } = await mintOver(gateway, server.url, { approval_policy });
    const before = server.got('answer').length;
    await post({ gateway, token }, { jsonrpc: '2.0', id: 7, result: {} }, await beginSession({ gateway, token }));
    expect(server.got('answer').length).toBe(before + 1);
  });
});
