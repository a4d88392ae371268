import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { type GatewayProgram, startGatewayProgram } from '../support/gateway-program.ts';
import { type McpServer, startHandshakeServer } from '../support/mcp-servers.ts';
import { ROOT } from '../support/process.ts';
import { callTool, change, created, script, share, stdio } from '../support/shared-servers.ts';

/** How often a server is reloaded, half of it with what does not come up. */
const RELOADS = Number(process.env.RELOADS ?? 10);
/** Milliseconds between two calls: 50 a second. */
const PERIOD = 20;
/** What a call may take, in milliseconds, on a machine that does other work as well. */
const CEILING = 2500;

const tiny = (name: string, word: string) =>
  stdio(name, { args: [join(ROOT, 'test/support/tiny-stdio.cjs')], env: { WORD: word } });

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-reload-faults-'));
let gateway: GatewayProgram;
let remote: McpServer;
let odd: Record<'html' | 'hangs' | 'refuses', Server>;
beforeAll(async () => {
  gateway = await startGatewayProgram(directory);
  remote = await startHandshakeServer([{ name: 'word', call: () => 'remote' }]);
  odd = {
    html: await listen((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Hi</h1>')),
    hangs: await listen(() => undefined),
    refuses: await listen((_, response) => response.writeHead(401).end()),
  };
});
afterAll(async () => {
  gateway.program.child.kill('SIGTERM');
  await gateway.program.exited;
  rmSync(directory, { recursive: true });
  await remote.stop();
  for (const server of Object.values(odd)) {
    server.closeAllConnections();
    server.close();
  }
});

function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;

/** What does not come up, and the reason that the answer must give. */
const faults = (name: string): [mcpServer: object, reason: RegExp][] => [
  [stdio(name, { command: 'no-such-command' }), /its command is not found/],
  [script(name, 'process.exit(1)'), /exited with code 1/],
  [{ name, url: urlOf(odd.html) }, /does not speak the protocol/],
  [{ name, url: urlOf(odd.hangs), timeoutSeconds: 0.3 }, /was not ready within 0.3 s|sent nothing for 0.3 s/],
  [{ name, url: urlOf(odd.refuses) }, /refused the credentials/],
  [{ name, url: 'http://127.0.0.1:9/mcp' }, /cannot be reached/],
];

/** Calls a tool at a steady pace, whether the calls before have been answered or not. */
function callSteadily(token: string) {
  const said = new Set<string>();
  const waits: number[] = [];
  const calls: Promise<void>[] = [];
  const timer = setInterval(() => {
    const at = performance.now();
    const one = callTool(gateway, token, 'word').then((text) => {
      said.add(text);
      waits.push(performance.now() - at);
    });
    calls.push(one);
  }, PERIOD);
  return async () => {
    clearInterval(timer);
    await Promise.all(calls);
    return { said: [...said], calls: calls.length, longest: Math.max(...waits) };
  };
}

/** Reloads a server again and again, and answers the words that it has had. */
async function reloadAll(id: string, token: string): Promise<string[]> {
  const words = ['word-0'];
  for (let round = 0; round < RELOADS; round++) {
    await delay(PERIOD);
    const [broken, reason] = faults('reloaded')[(round >> 1) % 6] as [object, RegExp];
    const isGood = round % 2 === 0;
    const answer = await change(gateway, id, { mcpServer: isGood ? tiny('reloaded', `word-${round + 1}`) : broken });
    if (isGood) {
      expect([answer.status, answer.body.reload]).toEqual([
        200,
        { status: 'reloaded', message: 'Saved and reloaded.', error: null },
      ]);
      words.push(`word-${round + 1}`);
    } else {
      expect([answer.status, answer.body.reload.status]).toEqual([500, 'reload_failed']);
      expect(answer.body.error.details.reason).toMatch(reason);
    }
    const row = await call(gateway.url, 'getSharedServer', { path: { mcp_id: id } });
    expect(row.body.mcpServer.env.WORD).toBe(words.at(-1));
    expect(await callTool(gateway, token, 'word')).toBe(words.at(-1));
  }
  return words;
}

test(`${RELOADS} reloads, half of them broken, fail none of 50 calls per second, and every answer is true`, async () => {
  const id = await created(gateway, tiny('reloaded', 'word-0'));
  const { token } = await share(gateway, id);
  const other = await share(gateway, await created(gateway, { name: 'other', url: remote.url }));
  await callTool(gateway, token, 'word');
  const callers = [callSteadily(token), callSteadily(other.token)];
  const words = await reloadAll(id, token).finally(() => callers.map((stop) => stop()));
  const [told, toldOther] = await Promise.all(callers.map((stop) => stop()));
  expect(new Set(told?.said)).toEqual(new Set(words));
  expect(toldOther?.said).toEqual(['remote']);
  expect(Math.max(told?.longest ?? 0, toldOther?.longest ?? 0)).toBeLessThan(CEILING);
}, 600_000);
