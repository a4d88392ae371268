import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { LIMITS } from '../../src/base/limits.ts';
import { MemoryBudget, OverBudget } from '../../src/base/memory-budget.ts';
import { MemoryScope } from '../../src/base/memory-scope.ts';
import { NotSent } from '../../src/base/not-sent.ts';
import { createOperatorEgresses } from '../../src/egress/egress.ts';
import { connect } from '../../src/runtime/connect.ts';
import type { Connection } from '../../src/runtime/connection.ts';
import type { Target } from '../../src/runtime/target.ts';
import { type Listened, listenOn } from '../support/sockets.ts';
import { targetOf } from './support/pipes.ts';

const MIB = 1024 * 1024;
/** A share is 4 MiB of it, and a message 1.33 MiB at most. */
const TOTAL = 16 * MIB;
const egress = createOperatorEgresses().of(null);

let budget: MemoryBudget;
const opened: Connection[] = [];
const servers: Listened[] = [];
beforeEach(() => {
  budget = new MemoryBudget({ totalBytes: TOTAL, patienceMs: 100 });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((connection) => connection.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await expect.poll(() => budget.heldBytes(), { timeout: 10_000 }).toBe(0);
});

/** What a server does, in JavaScript: `send(message)` answers, `deaf()` reads nothing any more. */
const ACTS: Readonly<Record<string, string>> = {
  answer: `send({ id, result: { content: [{ type: 'text', text: 'x'.repeat(params.arguments.bytes) }] } });`,
  dense: `send({ id, result: { content: [], x: Array.from({ length: params.arguments.count }, () => ({})) } });`,
  deafen: `deaf();`,
  ask: `for (let n = 0; n < params.arguments.count; n++) send({ id: 'x'.repeat(64 * 1024), method: 'ping' }); deaf();`,
  tell: `
    const { progressToken } = params._meta;
    for (let n = 0; n < params.arguments.count; n++) {
      send({ method: 'notifications/progress', params: { progressToken, message: 'x'.repeat(4096) } });
    }
    send({ id, result: { content: [] } });`,
};
const SERVE = `
  const serve = ({ id, method, params }, say, deaf) => {
    const send = (message) => say(JSON.stringify({ jsonrpc: '2.0', ...message }));
    if (method === 'initialize') {
      send({ id, result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} } });
    } else if (method === 'tools/call') {
      ({${Object.entries(ACTS)
        .map(([name, act]) => `${name}: () => {${act}}`)
        .join(',')}})[params.name]();
    }
  };`;

const stdio = async (): Promise<Target> => {
  const source = `${SERVE}
    const lines = require('node:readline').createInterface({ input: process.stdin });
    const deaf = () => { lines.pause(); setInterval(() => undefined, 60_000); };
    lines.on('line', (line) => serve(JSON.parse(line), (text) => process.stdout.write(text + '\\n'), deaf));`;
  return {
    transport: 'stdio',
    name: 'Scripted',
    idleTimeoutMs: 60_000,
    command: process.execPath,
    args: ['-e', source],
    env: { PATH: process.env.PATH ?? '' },
    secrets: [],
    isShared: true,
    cwd: null,
    user: null,
    encoding: 'utf-8',
    undecodable: 'strict',
  };
};
const websocket = async (): Promise<Target> => {
  const serve = new Function(`${SERVE}; return serve;`)();
  const server = createServer();
  new WebSocketServer({ server }).on('connection', (socket: WebSocket) => {
    socket.on('error', () => undefined);
    socket.on('message', (data) =>
      serve(
        JSON.parse(data.toString()),
        (text: string) => socket.send(text),
        () => socket.pause(),
      ),
    );
  });
  const listened = await listenOn(server);
  servers.push(listened);
  return targetOf(`ws://127.0.0.1:${listened.port}/`, { transport: 'websocket' });
};

describe.each([
  ['stdio', stdio],
  ['websocket', websocket],
])('a server over %s', (_transport, target) => {
  let connection: Connection;
  let introduced: Awaited<ReturnType<Connection['introduce']>>;
  beforeEach(async () => {
    const memory = () => new MemoryScope(budget, 'a', () => undefined);
    connection = connect(
      { egress, memory, onLost: () => undefined, onHealth: () => undefined, limits: LIMITS },
      await target(),
    );
    opened.push(connection);
    introduced = await connection.introduce();
  });

  const call = (name: string, args: object, signal = new AbortController().signal) =>
    connection.send(
      { id: 1, method: 'tools/call', params: { name, arguments: args, _meta: { progressToken: 'mine' } } },
      'handshake',
      signal,
    );
  const last = async (messages: ReturnType<typeof call>) => {
    let result: unknown;
    for await (const message of messages) {
      result = message.result;
    }
    return result as { readonly content: readonly { readonly text: string }[] };
  };

  test('does not get a message that may no longer be sent when there is room', async () => {
    const others = ['b', 'c', 'd', 'e'].map((holder) => budget.hold(holder, 'bodies', 3.99 * MIB));
    let may = true;
    const params = { name: 'answer', arguments: { bytes: 1, padding: 'x'.repeat(64 * 1024) } };
    const send = () => {
      const request = { id: 1, method: 'tools/call', params, mayBeSent: () => may };
      return connection.send(request, 'handshake', new AbortController().signal).next();
    };
    const waiting = send();
    may = false;
    for (const other of others) {
      other.release();
    }
    await expect(waiting).rejects.toThrow(NotSent);
    may = true;
    expect((await send()).value.result.content).toHaveLength(1);
  });

  test('is counted with its description', () => {
    const { bytes } = introduced.facts;
    expect(bytes).toBeGreaterThan(512);
    expect(budget.heldByKind().get('connections')).toBe(bytes);
  });

  test('that answers with many values is counted by them', async () => {
    const messages = call('dense', { count: 20_000 });
    await messages.next();
    expect(budget.heldBytes('a')).toBeGreaterThan(64 * 20_000);
    await messages.return(undefined);
    await expect.poll(() => budget.heldBytes('a')).toBeLessThan(64 * 1024);
  });

  test('may answer with a message of the maximum size, which is counted meanwhile', async () => {
    const messages = call('answer', { bytes: 1.25 * MIB });
    const { value } = await messages.next();
    expect((value.result as { content: { text: string }[] }).content[0]?.text).toHaveLength(1.25 * MIB);
    expect(budget.heldBytes('a')).toBeGreaterThan(3 * MIB);
    await messages.return(undefined);
    await expect.poll(() => budget.heldBytes('a')).toBeLessThan(64 * 1024);
  });

  test('fails with a larger message, and is connected again', async () => {
    const asked = last(call('answer', { bytes: 1.5 * MIB }));
    await expect(asked).rejects.toThrow(/ is longer than 1398101 (characters|bytes)/);
    expect((await last(call('answer', { bytes: 1 }))).content).toHaveLength(1);
  });

  test('that reads nothing gets no larger queue than there is room for', async () => {
    const leaving = new AbortController();
    const asked = [last(call('deafen', {}, leaving.signal))];
    await delay(100);
    for (let sent = 0; sent < 40; sent++) {
      asked.push(last(call('answer', { bytes: 1, big: 'x'.repeat(MIB) }, leaving.signal)));
    }
    const settled = Promise.allSettled(asked);
    await delay(500);
    expect(budget.heldBytes('a')).toBeLessThanOrEqual(0.75 * TOTAL);
    leaving.abort(new Error('left'));
    await settled;
  });

  test('that asks without reading the answers is disconnected before they exceed a message', async () => {
    const asked = last(call('ask', { count: 200 }));
    await expect(asked).rejects.toThrow('does not read what it is sent');
    expect((await last(call('answer', { bytes: 1 }))).content).toHaveLength(1);
  });

  test('that sends faster than it is read is counted until its messages are read or dropped', async () => {
    const messages = call('tell', { count: 500 });
    await messages.next();
    await expect.poll(() => budget.heldBytes('a'), { timeout: 10_000 }).toBeGreaterThan(5 * MIB);
    expect(budget.heldBytes('a')).toBeLessThanOrEqual(0.75 * TOTAL);
    await messages.return(undefined);
    await expect.poll(() => budget.heldBytes('a')).toBeLessThan(64 * 1024);
  });

  test('with messages beyond the share loses them when others need the memory', async () => {
    const messages = call('tell', { count: 500 });
    await messages.next();
    await expect.poll(() => budget.heldBytes('a'), { timeout: 10_000 }).toBeGreaterThan(5 * MIB);
    const others = ['b', 'c', 'd'].map((holder) => budget.hold(holder, 'bodies', 4 * MIB - 1024));
    await expect(last(messages)).rejects.toThrow(OverBudget);
    for (const other of others) {
      other.release();
    }
    expect((await last(call('answer', { bytes: 1 }))).content).toHaveLength(1);
  });
});
