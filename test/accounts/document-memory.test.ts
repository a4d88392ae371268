import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAccount, documentOf } from '../support/accounts.ts';
import { type Answer, call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Listened, listenOn } from '../support/sockets.ts';
import { createWorld, PETS, type World } from '../support/world.ts';

const MIB = 1024 * 1024;
/** A share is 4 MiB of it. */
const BUDGET_MIB = 16;

let gateway: TestServer;
let other: World;
let documents: Listened;
/** Answers whose end has not been sent. */
const open: ServerResponse[] = [];
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_MEMORY_BUDGET: `${BUDGET_MIB}MiB` },
    limits: { memoryPatienceMs: 300 },
  });
  other = await createWorld(gateway);
  documents = await listenOn(
    createServer((request, response) => {
      const { document } = PETS;
      const bytes = Number(new URL(request.url ?? '', 'http://x').searchParams.get('bytes'));
      response.write(`{"x-padding":"${'x'.repeat(bytes)}",`);
      open.push(response.on('error', () => undefined));
      if (request.url?.startsWith('/whole')) {
        response.end(JSON.stringify(document).slice(1));
      }
    }),
  );
});
afterAll(async () => {
  await gateway.stop();
  await documents.stop();
});

const held = () => gateway.deps.budget.heldBytes(gateway.organizationId);
beforeEach(async () => {
  await expect.poll(() => gateway.deps.budget.heldByKind().get('documents') ?? 0, { timeout: 20_000 }).toBe(0);
});
const create = (path: string, as?: World['token']): Promise<Answer> =>
  call(gateway.url, 'createIntegration', {
    body: { name: 'fetched', document_url: `http://127.0.0.1:${documents.port}${path}` },
    ...(as && { as }),
  });

test('slow documents use at most three shares, and others import theirs', async () => {
  const all = Array.from({ length: 12 }, () => create(`/half?bytes=${2 * MIB}`));
  const refused = await Promise.race(all);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect(held()).toBeGreaterThan(4 * MIB);
  expect(held()).toBeLessThanOrEqual(0.75 * BUDGET_MIB * MIB);
  expect((await create('/whole?bytes=100000', other.token)).status).toBe(201);
  for (const response of open) {
    response.destroy();
  }
  expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([400, 429]));
});

test('slow documents are dropped when others need the memory', async () => {
  const all = Array.from({ length: 4 }, () => create(`/half?bytes=${2 * MIB}`));
  await expect.poll(held).toBeGreaterThan(8 * MIB);
  const others = ['b', 'c', 'd'].map((holder) => gateway.deps.budget.hold(holder, 'bodies', 3.5 * MIB));
  expect(held()).toBeLessThanOrEqual(6 * MIB);
  for (const response of open) {
    response.destroy();
  }
  const ended = await Promise.allSettled(all);
  // Some were let go of before there was an answer, or with their whole request.
  expect(ended.filter((end) => end.status === 'rejected' || end.value.status === 429).length).toBeGreaterThan(0);
  for (const one of others) {
    one.release();
  }
});

test('a document beyond the memory is refused, and stored when there is memory', async () => {
  expect((await create(`/whole?bytes=${13 * MIB}`)).status).toBe(429);
  expect((await create(`/whole?bytes=${3 * MIB}`)).status).toBe(201);
});

test('previews are held until they are read, and refused without memory', async () => {
  const summary = 'x'.repeat(40_000);
  const paths = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`GET /p${index}`, { tags: [summary] }]));
  const { integrationId, accountId } = await createAccount(gateway, documentOf(paths), 'large');
  const previews = () => [
    call(gateway.url, 'listIntegrationTools', { path: { id: integrationId } }),
    call(gateway.url, 'listAccountTools', { path: { id: accountId } }),
  ];
  for (const { status } of await Promise.all(previews())) {
    expect(status).toBe(200);
  }
  await expect.poll(held, { timeout: 20_000 }).toBe(0);
  const others = ['b', 'c', 'd'].map((holder) => gateway.deps.budget.hold(holder, 'bodies', 4 * MIB - 65_536));
  const taken = gateway.deps.budget.hold(gateway.organizationId, 'bodies', 3 * MIB);
  for (const { status } of await Promise.all(previews())) {
    expect(status).toBe(429);
  }
  for (const one of [...others, taken]) {
    one.release();
  }
});
