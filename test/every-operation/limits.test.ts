import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const minimal = { name: 'x', url: 'https://x.example.com' };

/** Each of these once held the process up for seconds, or ended it. */
const HOSTILE: [string, object, string][] = [
  [
    '15,000 bad header names',
    { ...minimal, request_headers: Object.fromEntries(many(15_000, (i) => [`k ${i}`, 1])) },
    'body.request_headers',
  ],
  ['2,000,000 bad tags', { ...minimal, tags: many(1_900_000, () => 1) }, 'body: holds more than 20000 values'],
  [
    '450,000 texts that no database takes',
    { ...minimal, tags: many(450_000, () => '\0') },
    'body: holds more than 20000 values',
  ],
  [
    '30,000 values after text that is not ASCII',
    { ...minimal, tags: ['日本語, "é" \\ 🙂'.repeat(1000), ...many(30_000, () => 1)] },
    'body: holds more than 20000 values',
  ],
  ['commas and brackets that are no values', { ...minimal, name: '日,[{'.repeat(30_000) }, 'body.name'],
  ['15,000 of them', { ...minimal, tags: many(15_000, () => '\0') }, 'U+0000'],
  ['15,000 unknown keys', Object.fromEntries(many(15_000, (i) => [`key${i}`, 1])), 'unknown key'],
  [
    'a key of a megabyte',
    { ...minimal, ['k'.repeat(1_000_000)]: many(100, () => '\0') },
    'is a key of more than 1024 characters',
  ],
];

test.each(HOSTILE)('400: a short answer at once to %s', async (_, body, message) => {
  const start = performance.now();
  const answer = await call(server.url, 'createMcpServer', { body });
  expect(performance.now() - start).toBeLessThan(5_000);
  expect(answer.status).toBe(400);
  expect(answer.body.error).toContain(message);
  expect(answer.text.length).toBeLessThan(100_000);
});

test('400: the same for tool tags', async () => {
  const document = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: {} };
  const body = { name: 'x', document, tool_tags: { a: many(1_000_000, () => 1) } };
  const answer = await call(server.url, 'createIntegration', { body });
  expect([answer.status, answer.text.length < 100_000]).toEqual([400, true]);
});

describe('a stranger', () => {
  /** Sends the head of a request and answers the first that comes back. */
  const first = (head: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(head));
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const post = (headers: string) =>
    `POST /api/mcp-servers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n${headers}\r\n`;

  test('a stranger is refused before the announced body', async () => {
    const answer = await first(post('Expect: 100-continue\r\n'));
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/^Connection: close\r$/im);
  });

  test('a stranger learns nothing from OPTIONS', async () => {
    expect((await askOnce(server.url, 'options', '/api/mcp-servers')).status).toBe(405);
    expect((await askOnce(server.url, 'options', '/nope')).status).toBe(404);
  });

  test.each(['a@localhost', 'localhost/x', 'localhost\r\nHost: evil.example.com', ''])(
    'a stranger is refused with the Host %j',
    async (host) => {
      expect(await first(`GET /openapi.json HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 40[03] /);
    },
  );

  test('a page of this server is allowed under each of its names', async () => {
    const { port } = new URL(server.url);
    const answer = await first(
      `GET /openapi.json HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: http://localhost:${port}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });
});
