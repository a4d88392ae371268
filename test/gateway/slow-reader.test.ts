import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginSession, eraOf, requestOf, type Way } from '../support/mcp-client.ts';
import { mintOver } from '../support/minted.ts';
import { type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const MIB = 1024 * 1024;
const WHOLE = 200 * MIB;
/** What sockets and streams on the way hold, here and in the operating system; far below what is sent. */
const HELD = 40 * MIB;

let gateway: TestServer;
let servers: Scripted[];
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  servers = [];
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

/** Sends an answer as fast as it is taken: a text in JSON, or comments; `sent` tells how much that was. */
function pour(response: ServerResponse, type: string, id: unknown): { sent: () => number } {
  const isJson = type === 'application/json';
  response.writeHead(200, { 'Content-Type': type });
  const [head, chunk, tail] = isJson
    ? [`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"a":"`, 'x'.repeat(MIB), '"}}']
    : ['', `: ${'x'.repeat(MIB - 4)}\n\n`, ''];
  let sent = 0;
  const more = (): void => {
    while (sent < WHOLE && !response.destroyed) {
      sent += MIB;
      if (!response.write(chunk)) {
        return;
      }
    }
    response.end(tail);
  };
  response.write(head);
  response.on('drain', more);
  more();
  return { sent: () => sent - response.writableLength };
}

test.each<[Way, string]>([
  ['own session', 'text/event-stream'],
  ['own session', 'application/json'],
  ['just calls', 'application/json'],
  ['stateless', 'text/event-stream'],
])('a client (%s) that reads late pauses the server, and gets all of 200 MB (%s)', async (way, type) => {
  let poured = { sent: () => 0 };
  const server = await startScripted(eraOf(way), {
    'tools/call': (response, { message }) => {
      poured = pour(response, type, message.id);
    },
  });
  servers.push(server);
  const { url, token } = await mintOver(gateway, server.url);
  const session = way === 'own session' ? await beginSession({ gateway, token }) : {};
  const { body, headers } = requestOf(way, 1, 'tools/call', { name: 'act' });
  const accept = { Accept: 'application/json, text/event-stream' };
  const asking = request(url, { method: 'POST', headers: { ...session, ...headers, ...accept } });
  asking.end(JSON.stringify(body));
  const [response] = (await once(asking, 'response')) as [IncomingMessage];

  // Until nothing moves any more.
  for (let before = -1; before !== poured.sent(); ) {
    before = poured.sent();
    await delay(300);
  }
  expect(poured.sent()).toBeLessThan(HELD);
  let received = 0;
  for await (const chunk of response) {
    received += chunk.length;
  }
  const around = type === 'application/json' ? '{"jsonrpc":"2.0","id":1,"result":{"a":""}}'.length : 0;
  expect(received).toBe(WHOLE + around);
});
