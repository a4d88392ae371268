import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { createOperatorEgresses } from '../../src/egress/egress.ts';
import { connect } from '../../src/runtime/connect.ts';
import type { Connection } from '../../src/runtime/connection.ts';
import { listTools } from '../../src/runtime/list-tools.ts';
import { ServerFailed } from '../../src/runtime/server-failed.ts';
import type { ProcessTarget } from '../../src/runtime/target.ts';
import { anyRoom } from '../support/any-room.ts';
import type { Json } from '../support/json.ts';
import { ownMemory } from '../support/memory.ts';
import { compiledOnce, isAlive, ROOT } from '../support/process.ts';

const PROGRAM = compiledOnce('test/support/stdio-server.ts');
const egress = createOperatorEgresses().of(null);
const SIGNAL = new AbortController().signal;

const lost: ServerFailed[] = [];
let opened: Connection[] = [];
let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-stdio-')));
});
afterEach(async () => {
  await Promise.all(opened.map((connection) => connection.close()));
  opened = [];
  lost.length = 0;
  await rm(folder, { recursive: true });
});

const targetOf = (more: Partial<ProcessTarget> = {}): ProcessTarget => ({
  transport: 'stdio',
  name: 'local',
  idleTimeoutMs: 60_000,
  command: process.execPath,
  args: [...PROGRAM, 'handshake'],
  env: { PATH: process.env.PATH ?? '' },
  secrets: [],
  isShared: true,
  cwd: null,
  user: null,
  encoding: 'utf-8',
  undecodable: 'strict',
  ...more,
});

function start(more: Partial<ProcessTarget> = {}): Connection {
  const connection = connect(
    { egress, memory: ownMemory, onLost: (failure) => lost.push(failure), onHealth: () => undefined, limits: LIMITS },
    targetOf(more),
  );
  opened.push(connection);
  return connection;
}

/** A server that runs a script instead. */
const script = (source: string, more: Partial<ProcessTarget> = {}) => start({ args: ['-e', source], ...more });

async function call(connection: Connection, name: string, args: object = {}, signal = SIGNAL): Promise<Json> {
  const { era } = await connection.introduce();
  const request = { id: 'mine', method: 'tools/call', params: { name, arguments: args } };
  for await (const message of connection.send(request, era, signal)) {
    if (message.method === undefined) {
      expect(message.id).toBe('mine');
      return (message.result as Json)?.content[0].text ?? message.error;
    }
  }
}

const failureOf = (work: Promise<unknown>): Promise<ServerFailed> =>
  work.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ServerFailed);
      return error as ServerFailed;
    },
  );

describe.each(['handshake', 'stateless'])('a server of the SDK, %s', (era) => {
  const args = [...PROGRAM, era];

  test('introduces itself, lists tools and answers a call', async () => {
    const connection = start({ args });
    const { facts, era: spoken } = await connection.introduce();
    expect(spoken).toBe(era);
    expect(facts.protocolVersion).toBe(era === 'handshake' ? '2025-11-25' : '2026-07-28');
    expect(facts.description().capabilities).toEqual({ tools: {} });
    const { tools } = await listTools(connection, SIGNAL, anyRoom);
    expect(tools.map(({ name }) => name)).toContain('echo');
    expect(await call(connection, 'echo', { text: 'Größe 🗝' })).toBe('Größe 🗝');
  });

  test('answers each of many simultaneous calls', async () => {
    const connection = start({ args });
    const texts = Array.from({ length: 200 }, (_, index) => `call ${index}`);
    expect(await Promise.all(texts.map((text) => call(connection, 'echo', { text })))).toEqual(texts);
  });
});

describe('the process', () => {
  describe('that starts slowly', () => {
    const startSlowly = (idleTimeoutMs: number): Connection => {
      const args = ['-c', 'sleep 0.6; exec "$0" "$@"', process.execPath, ...PROGRAM, 'handshake'];
      const target = targetOf({ command: 'bash', args, idleTimeoutMs });
      const limits = { ...LIMITS, introductionTimeoutMs: 200 };
      const connection = connect(
        { egress, memory: ownMemory, onLost: () => undefined, onHealth: () => undefined, limits },
        target,
      );
      opened.push(connection);
      return connection;
    };

    test('is left to start for as long as it may be silent', async () => {
      expect(await call(startSlowly(60_000), 'echo', { text: 'late' })).toBe('late');
    });

    test('is ended after its time', async () => {
      await expect(startSlowly(100).introduce()).rejects.toThrow('did not introduce itself within 0.2 s.');
    });
  });

  test('inherits only the configured environment', async () => {
    const connection = start({ env: { PATH: process.env.PATH ?? '', GREETING: 'hello' } });
    const { PATH, GREETING, ...rest } = JSON.parse(await call(connection, 'environment'));
    expect([PATH, GREETING]).toEqual([process.env.PATH, 'hello']);
    expect(Object.keys(rest).filter((name) => /GATEHOUSE|DATABASE|NODE_OPTIONS/.test(name))).toEqual([]);
  });

  test('runs in its folder', async () => {
    expect(await call(start({ cwd: folder }), 'folder')).toBe(folder);
  });

  test('ends with all processes that it has started', async () => {
    const connection = start();
    const pids = [await call(connection, 'pid'), await call(connection, 'spawn')].map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    await connection.close();
    await expect.poll(() => pids.map(isAlive)).toEqual([false, false]);
  });

  test('that ignores its end is killed', async () => {
    const source = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.error(process.pid)`;
    const connection = script(source);
    const introduced = connection.introduce().catch((error: unknown) => error);
    await expect.poll(() => connection.stderr()).toMatch(/^\d+\n$/);
    const pid = Number(connection.stderr());
    await connection.close();
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(await introduced).toMatchObject({
      message: "The MCP server 'local' was disconnected by the gateway; ask again.",
    });
  });

  test('is started again by the next request after its end', async () => {
    const connection = start();
    const first = Number(await call(connection, 'pid'));
    process.kill(first, 'SIGKILL');
    await expect.poll(() => lost.map(({ kind }) => kind)).toEqual(['broken']);
    const second = Number(await call(connection, 'pid'));
    expect(second).not.toBe(first);
    expect(isAlive(first)).toBe(false);
  });

  test('keeps its standard error without secrets', async () => {
    const connection = start({
      env: { PATH: process.env.PATH ?? '', KEY: 'hunter2' },
      secrets: [{ name: 'KEY', value: 'hunter2' }],
    });
    await call(connection, 'complain', { text: `${'x'.repeat(100_000)} the key is hunter2.` });
    await expect.poll(() => connection.stderr()).toMatch(/the key is \*\*\*\.\n$/);
    expect(connection.stderr()).toHaveLength(64 * 1024);
  });

  test('may print text that is not a message', async () => {
    const connection = start();
    await call(connection, 'chatter', { text: 'Listening on stdio\n[1, 2]\n{"not": "a message"}' });
    expect(await call(connection, 'echo', { text: 'still here' })).toBe('still here');
  });
});

describe('a call', () => {
  test('that is cancelled ends, and the server continues', async () => {
    const connection = start();
    await connection.introduce();
    const controller = new AbortController();
    const reason = new Error('enough');
    const slow = call(connection, 'slow', { ms: 60_000 }, controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    await expect(slow).rejects.toBe(reason);
    expect(await call(connection, 'echo', { text: 'on' })).toBe('on');
  });

  test('ends after too long a silence', async () => {
    const connection = start({ idleTimeoutMs: 500 });
    await connection.introduce();
    const { message, kind } = await failureOf(call(connection, 'slow', { ms: 60_000 }));
    expect(kind).toBe('late');
    expect(message).toBe("The MCP server 'local' sent nothing for 0.5 s; what it was asked may have been carried out.");
  });

  test('ends with the process', async () => {
    const { message, kind } = await failureOf(call(start(), 'exit', { code: 3 }));
    expect([kind, message]).toEqual([
      'broken',
      "The MCP server 'local' exited with code 3; what it was asked may have been carried out.",
    ]);
  });

  test('fails for half a message', async () => {
    const { message, kind } = await failureOf(call(start(), 'half'));
    expect([kind, message]).toEqual([
      'broken',
      "The MCP server 'local' exited with code 0; what it was asked may have been carried out.",
    ]);
  });

  test('fails for 100 MB without a line end', async () => {
    const connection = start();
    const pid = Number(await call(connection, 'pid'));
    const { message, kind } = await failureOf(call(connection, 'flood', { megabytes: 100 }));
    expect(kind).toBe('protocol');
    expect(message).toContain('does not speak the protocol: one line of its output is longer than 33554432 characters');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

describe('a process that cannot work', () => {
  const introduced = (connection: Connection) => failureOf(connection.introduce());

  test.each<[string, Partial<ProcessTarget>, string]>([
    [
      'a command that is not there',
      { command: 'no-such-command-anywhere' },
      'cannot be started: its command is not found.',
    ],
    [
      'a file that is no program',
      { command: join(ROOT, 'package.json') },
      'cannot be started: its command may not be run.',
    ],
    [
      'a folder that does not exist',
      { cwd: join(ROOT, 'nowhere') },
      'cannot be started: its folder `cwd` does not exist.',
    ],
    [
      'a process that exits',
      { args: ['-e', 'process.exit(7)'] },
      'exited with code 7 before it had introduced itself.',
    ],
    [
      'a process that says something and exits',
      { args: ['-e', 'console.log("Hello"); process.exitCode = 1'] },
      'exited with code 1 before it had introduced itself.',
    ],
    [
      'a process that is killed',
      { args: ['-e', 'process.kill(process.pid, "SIGKILL")'] },
      'was ended by SIGKILL before it had introduced itself.',
    ],
  ])('%s', async (_, more, what) => {
    const { message, kind, mayPass } = await introduced(start(more));
    expect([message, kind, mayPass]).toEqual([`The MCP server 'local' ${what}`, 'unusable', false]);
  });

  test('output in another encoding', async () => {
    const connection = script('process.stdout.write(Buffer.from([0xff, 0xfe, 10])); setInterval(() => {}, 1000)');
    const { message, kind } = await introduced(connection);
    expect([kind, message]).toEqual([
      'protocol',
      "The MCP server 'local' does not speak the protocol: its output is not in the encoding utf-8.",
    ]);
  });

  test('is not started again at once by every caller', async () => {
    const connection = script('console.error("started"); process.exit(1)');
    await introduced(connection);
    await introduced(connection);
    expect(connection.stderr()).toBe('started\n');
  });
});

describe('encodings', () => {
  /** Answers everything with the text that it was sent as, and a word of its own, in an encoding. */
  const echo = (encoding: string, word: string) => `
    const { createInterface } = require('node:readline');
    let rest = '';
    const encode = (text) => Buffer.from(text, '${encoding}');
    process.stdin.on('data', (chunk) => {
      rest += chunk.toString('${encoding}');
      for (let end = rest.indexOf('\\n'); end !== -1; end = rest.indexOf('\\n')) {
        const { id, method, params } = JSON.parse(rest.slice(0, end));
        rest = rest.slice(end + 1);
        const result = method === 'initialize'
          ? { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } }
          : { content: [{ type: 'text', text: params?.arguments?.text + ' ${word}' }] };
        if (id !== undefined) process.stdout.write(encode(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n'));
      }
    });`;

  test.each([
    ['latin1', 'windows-1252', 'Maß'],
    ['utf16le', 'utf-16le', 'Maß 🗝'],
  ])('uses %s in both directions', async (node, encoding, text) => {
    const connection = script(echo(node, 'Größe'), { encoding });
    expect(await call(connection, 'echo', { text })).toBe(`${text} Größe`);
  });

  test('escapes characters that some readers take for line ends', async () => {
    const text = 'a\u2028b\u2029c\u0085d ż 🗝';
    const byReadline = `
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, method, params } = JSON.parse(line);
        const result = method === 'initialize'
          ? { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } }
          : { content: [{ type: 'text', text: params?.arguments?.text + /[\\u0085\\u2028\\u2029]/.test(line) }] };
        if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
      });`;
    expect(await call(script(byReadline), 'echo', { text })).toBe(`${text}false`);
  });

  test.each<[ProcessTarget['undecodable'], string]>([
    ['replace', 'x Gr\ufffd\ufffde'],
    ['ignore', 'x Gre'],
  ])('treats invalid bytes as configured: %s', async (undecodable, text) => {
    const connection = script(echo('latin1', 'Größe'), { undecodable });
    expect(await call(connection, 'echo', { text: 'x' })).toBe(text);
  });
});
