import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { connect } from '../../src/runtime/connect.ts';
import type { Connection } from '../../src/runtime/connection.ts';
import type { Target } from '../../src/runtime/target.ts';
import type { Json } from '../support/json.ts';
import type { ServedTool } from '../support/mcp-servers.ts';
import { ownMemory } from '../support/memory.ts';
import { compiledOnce } from '../support/process.ts';
import { startSseServer } from '../support/sse-server.ts';
import { startWebSocketServer } from '../support/websocket-server.ts';
import { targetOf } from './support/pipes.ts';

const PROGRAM = compiledOnce('test/support/stdio-server.ts');
const LOG = { method: 'notifications/message', params: { level: 'info', data: 'at work' } };
const IDLE_MS = 1000;
const SLOW_MS = 3500;

const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) {
    await end();
  }
});

/** `slow` answers late, `log` logs and answers at once, `answer` only answers. */
const TOOLS: readonly ServedTool[] = [
  { name: 'slow', call: () => delay(SLOW_MS, 'done') },
  { name: 'log', call: ({ notify }) => notify(LOG).then(() => 'logged') },
  { name: 'answer', call: () => 'answered' },
];

type Served = {
  readonly target: Target;
  readonly slow: object;
  readonly log: object;
  readonly answer: object;
  /** Writes to the standard error. */
  readonly complain?: object;
};
const named = { slow: { name: 'slow' }, log: { name: 'log' }, answer: { name: 'answer' } };
const chatter = (text: string) => ({ name: 'chatter', arguments: { text } });

const TRANSPORTS: Readonly<Record<string, () => Promise<Served>>> = {
  stdio: async () => ({
    target: {
      ...{ transport: 'stdio', name: 'Local', idleTimeoutMs: IDLE_MS, secrets: [], isShared: true },
      ...{ command: process.execPath, args: [...PROGRAM, 'handshake'], env: { PATH: process.env.PATH ?? '' } },
      ...{ cwd: null, user: null, encoding: 'utf-8', undecodable: 'strict' },
    },
    slow: { name: 'slow', arguments: { ms: SLOW_MS } },
    log: chatter(JSON.stringify({ jsonrpc: '2.0', ...LOG })),
    answer: { name: 'pid' },
    complain: { name: 'complain', arguments: { text: 'at work' } },
  }),
  sse: async () => {
    const server = await startSseServer(TOOLS);
    ends.push(server.stop);
    return { target: targetOf(server.url, { idleTimeoutMs: IDLE_MS }), ...named };
  },
  websocket: async () => {
    const server = await startWebSocketServer(TOOLS);
    ends.push(server.stop);
    return { target: targetOf(server.url, { transport: 'websocket', idleTimeoutMs: IDLE_MS }), ...named };
  },
};

describe.each(Object.entries(TRANSPORTS))('over %s, a call that is silent for longer than it may be', (name, serve) => {
  /** The answer to `slow`, during which another tool is called again and again. */
  async function during(other: 'log' | 'answer' | 'complain'): Promise<string> {
    const served = await serve();
    const connection = connect(
      { egress, memory: ownMemory, onLost: () => undefined, onHealth: () => undefined, limits: LIMITS },
      served.target,
    );
    ends.push(() => connection.close());
    await connection.introduce();
    let isOver = false;
    const slow = call(connection, served.slow).finally(() => {
      isOver = true;
    });
    slow.catch(() => undefined);
    while (!isOver) {
      await call(connection, served[other] ?? served.answer);
      await delay(50);
    }
    return slow;
  }

  test('goes on while the server logs', async () => {
    expect(await during('log')).toContain('done');
  });

  test.runIf(name === 'stdio')('goes on while the process writes to its standard error', async () => {
    expect(await during('complain')).toContain('done');
  });

  test('ends while the server only answers other calls', async () => {
    await expect(during('answer')).rejects.toThrow('sent nothing for 1 s');
  });
});

async function call(connection: Connection, params: object): Promise<string> {
  const { era } = await connection.introduce();
  const request = { id: 'mine', method: 'tools/call', params: { ...params } };
  for await (const message of connection.send(request, era, new AbortController().signal)) {
    if (message.method === undefined) {
      return JSON.stringify((message.result as Json) ?? message.error);
    }
  }
  return '';
}
