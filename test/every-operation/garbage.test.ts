import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/contract/document.ts';
import { askOnce, type Method } from '../support/ask-once.ts';
import { call, credentialHeaders, send } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { ask, createWorld, exampleBody, json, readStatus, validRequest, type World } from '../support/world.ts';

/** Requests for each operation and kind of garbage; `GARBAGE_RUNS` asks for more. */
const RUNS = Number(process.env.GARBAGE_RUNS ?? 10);

let server: TestServer;
/** For operations that take nothing away; each that deletes gets a world of its own. */
let shared: World;
beforeAll(async () => {
  server = await startTestServer();
  shared = await createWorld(server);
});
afterAll(() => server.stop());

/** Text that breaks things: controls, half surrogates, right-to-left marks, property names of objects, and the long. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '\0',
    '\ud800',
    '\u202e',
    '__proto__',
    'constructor',
    'toString',
    '%00',
    '../..',
    '💥',
    "' or 1=1--",
  ),
  fc.integer({ min: 100, max: 20_000 }).map((length) => 'é'.repeat(length)),
);
const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    text,
    fc.oneof(fc.integer(), fc.double(), fc.constantFrom(null, true, false, 1e308, -0, Number.MAX_SAFE_INTEGER)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** A body that is right but for some keys: changed, missing, or more of them. */
function nearMiss(operation: Operation): fc.Arbitrary<unknown> {
  const right = (exampleBody(operation) ?? {}) as Record<string, unknown>;
  return fc
    .tuple(
      fc.subarray(Object.keys(right)),
      fc.dictionary(fc.oneof(fc.constantFrom(...Object.keys(right), 'id'), text), value),
    )
    .map(([kept, changed]) => ({ ...Object.fromEntries(kept.map((key) => [key, right[key]])), ...changed }));
}

/** A 502 is about the server of the world, at whose URL nobody answers. */
const fine = (status: number) => expect(status < 500 || status === 502, `never a ${status}`).toBe(true);
const run = (property: fc.IAsyncProperty<unknown>) => fc.assert(property, { numRuns: RUNS, endOnFailure: true });

/** For what an operation does not have: no test at all, rather than one that is skipped. */
const absent = (_name: string, _run: () => unknown) => undefined;

// `send` checks that the status is documented and that the body is valid against the document, in its envelope.
describe.each(json)('$id survives random bodies', (operation) => {
  let world: World;
  beforeAll(async () => {
    world = operation.method === 'delete' ? await createWorld(server) : shared;
  });
  const path = () => operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => world.ids(operation)[name] ?? '');
  const hasBody = operation.object.requestBody !== undefined;

  const withBody = hasBody ? test : absent;
  withBody('bodies of any shape', () =>
    run(
      fc.asyncProperty(fc.oneof(value, nearMiss(operation)), async (body) => {
        const request = { ...validRequest(operation, world), body: JSON.stringify(body) ?? 'null' };
        fine((await send(server.url, operation, path(), request)).status);
      }),
    ),
  );

  withBody('bodies that are no JSON, and half of one', () =>
    run(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (bytes, part) => {
          const right = Buffer.from(JSON.stringify(exampleBody(operation)));
          const half = right.subarray(0, Math.floor(part * right.length));
          for (const body of [bytes, half, Buffer.concat([right, bytes])]) {
            fine((await send(server.url, operation, path(), { ...validRequest(operation, world), body })).status);
          }
        },
      ),
    ),
  );

  test('$id survives random query strings', () =>
    run(
      fc.asyncProperty(
        fc.array(fc.tuple(queryKey(operation), text), { maxLength: 4 }),
        fc.boolean(),
        async (pairs, encoded) => {
          const encode = (part: string) => (encoded ? encodeURIComponent(part.toWellFormed()) : part.toWellFormed());
          const query = pairs
            .map(([key, given]) => `${encode(key)}=${encode(given)}`)
            .join('&')
            .replaceAll('#', '');
          fine((await send(server.url, operation, path(), { ...validRequest(operation, world), query })).status);
        },
      ),
    ));

  test('$id survives random headers', () =>
    run(
      fc.asyncProperty(header, header, header, async (ifMatch, type, accept) => {
        const headers = { 'If-Match': ifMatch, 'Content-Type': type, Accept: accept, 'X-Request-Id': accept };
        // Without a body: what it would do is another test, and it must not empty this world.
        const asked = { ...validRequest(operation, world), headers: { ...headers, 'If-Match': `"0", x${ifMatch}` } };
        fine((await send(server.url, operation, path(), asked)).status);
      }),
    ));

  const withPath = operation.path.includes('{') ? test : absent;
  withPath('path parameters of any shape', () =>
    run(
      fc.asyncProperty(text, fc.boolean(), async (given, encoded) => {
        const part = encodeURIComponent(given.toWellFormed());
        const hostile = encoded ? part.replaceAll('.', '%2e') : `${part}%`;
        const target = operation.path.replaceAll(/\{(\w+)\}/g, hostile === '' ? 'x' : hostile);
        const headers = credentialHeaders(validRequest(operation, world).as ?? 'nobody');
        const answer = await askOnce(server.url, operation.method as Method, target, { headers });
        fine(answer.status);
        expect(answer.body).toBeTypeOf('object');
      }),
    ),
  );
});

function queryKey({ parameters }: Operation): fc.Arbitrary<string> {
  const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  return fc.oneof(fc.constantFrom(...names, 'x', 'page[]', 'limit[a]', '__proto__', 'toString'), text);
}

/** Anything that a client library lets through as a header value. */
const header = fc
  .oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom('*', '"1', 'W/"1"', 'application/json;charset', ';', ',,,', 'a/b;c="'),
  )
  .map((given) => given.replaceAll(/[^\t\x20-\x7e]/g, '').trim());

/** What no client library sends: raw bytes on a connection. */
const rawRequests: [string, string][] = [
  ['a body without an end', 'POST /api/mcp-servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{}'],
  [
    'two lengths',
    'POST /api/mcp-servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
  ],
  ['no host', 'GET /api/mcp-servers HTTP/1.1\r\n\r\n'],
  ['a NUL in a header', 'GET /api/mcp-servers HTTP/1.1\r\nHost: localhost\r\nX-API-KEY: a\0b\r\n\r\n'],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['an absolute target', 'GET http://evil.example.com/api/mcp-servers HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['headers without end', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`],
];

test.each(rawRequests)('the server survives %s', async (_, bytes) => {
  const { port } = new URL(server.url);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.end(bytes));
    socket.on('data', (data) => expect(data.toString()).not.toMatch(/^HTTP\/1\.1 500/)).on('error', () => resolve());
    socket.on('close', () => resolve());
  });
  expect((await call(server.url, 'getHealth')).status).toBe(200);
});

test('the server still works afterwards', async () => {
  const world = await createWorld(server);
  for (const operation of json.filter(({ method }) => method === 'get')) {
    expect((await ask(server, operation, validRequest(operation, world))).status).toBe(readStatus(operation));
  }
});
