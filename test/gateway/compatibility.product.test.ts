import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { judge, type Outcome } from '../support/table/cells.ts';
import { CLIENTS, type ClientKind } from '../support/table/clients.ts';
import { cellsInPage, PAGE, pageOf } from '../support/table/page.ts';
import { SERVERS, type ServerKind } from '../support/table/servers.ts';
import { fillRows, type Row } from '../support/table/table.ts';

/** The whole table with `TABLE=all` (`npm run soak`), which `vitest -u` writes to the page; else the pairs that 12 s hold. */
const IS_WHOLE = process.env.TABLE === 'all';
const SEED = Number(process.env.TABLE_SEED ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));
const SAMPLE_MS = 12_000;
const AT_ONCE = 3;

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

/** A random order (mulberry32). */
function shuffled<T>(values: readonly T[], seed: number): T[] {
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return values
    .map((value) => ({ value, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

/** Runs work on all items, some at once, as long as `mayBegin` says so. */
async function forAll<T>(items: readonly T[], work: (item: T) => Promise<void>, mayBegin = () => true): Promise<void> {
  const left = [...items];
  const run = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined && mayBegin(); next = left.shift()) {
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
}

test.runIf(IS_WHOLE)(
  'every client gets from every server the same as directly, or what is not served is not advertised',
  { timeout: 600_000 },
  async () => {
    const byServer = new Map<string, readonly Row[]>();
    const faults: string[] = [];
    await forAll(SERVERS, async (server) => {
      const filled = await fillRows(gateway, server, CLIENTS);
      byServer.set(server.name, filled.rows);
      faults.push(...filled.faults);
    });
    expect(faults).toEqual([]);
    const rows = SERVERS.flatMap(({ name }) => byServer.get(name) ?? []);
    await expect(await pageOf(rows)).toMatchFileSnapshot(PAGE);
  },
);

test.skipIf(IS_WHOLE)('clients and servers of a sample do what the page says', async () => {
  const pairs = SERVERS.flatMap((server) => CLIENTS.map((client): [ServerKind, ClientKind] => [server, client]));
  const end = performance.now() + SAMPLE_MS;
  const rows: Row[] = [];
  const faults: string[] = [];
  await forAll(
    shuffled(pairs, SEED),
    async ([server, client]) => {
      const filled = await fillRows(gateway, server, [client]);
      rows.push(...filled.rows);
      faults.push(...filled.faults);
    },
    () => performance.now() < end,
  );
  process.stdout.write(`compatibility: ${rows.length} of ${pairs.length} pairs, TABLE_SEED=${SEED}\n`);
  expect(faults).toEqual([]);
  for (const { server, client, cells } of rows) {
    expect(await cellsInPage(server, client), `${server} | ${client}`).toEqual(cells);
  }
});

test.skipIf(IS_WHOLE)('the page has a row for every client and every server', async () => {
  const cells = await Promise.all(
    SERVERS.flatMap((server) => CLIENTS.map((client) => cellsInPage(server.name, client.name))),
  );
  expect(cells.filter((one) => one === undefined)).toEqual([]);
});

describe('a cell', () => {
  const done: Outcome = { value: { tools: [] } };
  const refused: Outcome = { refusal: { code: -32601, message: 'Method not found' } };
  const failed: Outcome = { refusal: { code: -32003, message: 'The MCP server broke off.' } };
  const silent: Outcome = { value: 'nothing' };

  test.each([
    ['same', done, { value: { tools: [], _meta: {} } }, done, true],
    ['same', refused, refused, done, true],
    ['more', refused, done, done, true],
    ['more', { value: { tools: [1] } }, done, done, true],
    ['no', done, refused, done, false],
    ['no', done, silent, done, false],
  ] as const)('is %s', (cell, direct, through, best, isAdvertised) => {
    expect(judge({ direct, through, best, nothing: 'nothing', isAdvertised })).toBe(cell);
  });

  test.each([
    ['another value', done, { value: { tools: [1] } }, done, false],
    ['a refusal of what is advertised', done, refused, done, true],
    ['a failure', done, failed, done, false],
    ['a failure where the client cannot speak with the server', refused, failed, done, false],
    ['nothing, which is advertised', done, silent, done, true],
  ] as const)('is a fault: %s', (_, direct, through, best, isAdvertised) => {
    expect(() => judge({ direct, through, best, nothing: 'nothing', isAdvertised })).toThrow('through: ');
  });
});
