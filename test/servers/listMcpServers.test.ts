import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
const NAMES = ['Echo', 'Alpha', 'Delta', 'Bravo', 'Charlie'];
beforeAll(async () => {
  server = await startTestServer();
  for (const name of NAMES) {
    server.clock.now += 1000;
    const body = { name, url: `https://${name.toLowerCase()}.example.com/mcp`, description: `100% of_${name}\\` };
    await call(server.url, 'createMcpServer', { body });
  }
});
afterAll(() => server.stop());

const list = async (query: Record<string, string | number> | string = {}) =>
  (await call(server.url, 'listMcpServers', { query })).body.data;
const names = (data: { servers: { name: string }[] }) => data.servers.map(({ name }) => name);

describe('200', () => {
  test('lists the newest first, with the whole envelope', async () => {
    const data = await list();
    expect(names(data)).toEqual(NAMES.toReversed());
    expect({ ...data, servers: [] }).toEqual({
      servers: [],
      total_count: 5,
      page: 0,
      limit: 20,
      total_pages: 1,
      has_next: false,
      has_previous: false,
      filters: {},
    });
  });

  test.each([
    ['created_at', 'asc', NAMES],
    ['updated_at', 'desc', NAMES.toReversed()],
    ['name', 'asc', NAMES.toSorted()],
    ['name', 'desc', NAMES.toSorted().toReversed()],
  ])('sorted by %s %s', async (sort, order, expected) => expect(names(await list({ sort, order }))).toEqual(expected));

  test('pages from 0 miss and repeat nothing', async () => {
    const pages = await Promise.all([0, 1, 2, 3].map((page) => list({ page, limit: 2, sort: 'name', order: 'asc' })));
    expect(pages.map(names)).toEqual([['Alpha', 'Bravo'], ['Charlie', 'Delta'], ['Echo'], []]);
    expect(pages.map(({ has_next }) => has_next)).toEqual([true, true, false, false]);
    expect(pages.map(({ has_previous }) => has_previous)).toEqual([false, true, true, true]);
    expect(pages.map(({ total_pages }) => total_pages)).toEqual([3, 3, 3, 3]);
  });

  test.each([
    ['the name, whatever the case', 'ALPH', ['Alpha']],
    ['the URL', 'bravo.example', ['Bravo']],
    ['the description', 'of_delta', ['Delta']],
    ['a percent sign as itself', '100% of', NAMES.toSorted()],
    ['an underscore as itself', 'a_of', []],
    ['a backslash as itself', '\\', NAMES.toSorted()],
    ['nothing that is there', 'zulu', []],
  ])('a search finds %s', async (_, search, expected) => {
    const data = await list({ search, sort: 'name', order: 'asc' });
    expect([names(data), data.total_count, data.filters]).toEqual([expected, expected.length, { search }]);
  });

  test('an empty search finds all', async () => {
    const data = await list('search=');
    expect([data.total_count, data.filters]).toEqual([5, {}]);
  });

  test('reserved characters in a search need no encoding', async () => {
    expect((await list('search=https://alpha.example.com/')).total_count).toBe(1);
  });
});

describe('400', () => {
  test.each([
    ['limit=0', 'query.limit: must be >= 1'],
    ['limit=101', 'query.limit: must be <= 100'],
    ['page=-1', 'query.page: must be >= 0'],
    ['page=x', 'query.page: must be integer'],
    ['page=', 'query.page: must not be empty'],
    ['page=0&page=1', 'query.page'],
    ['sort=url', 'query.sort: must be equal to one of the allowed values: created_at, updated_at, name'],
    ['order=up', 'query.order: must be equal to one of the allowed values: asc, desc'],
    [`search=${'x'.repeat(257)}`, 'query.search: must have at most 256 characters'],
    ['search=%00', 'query.search: must not contain the character U+0000'],
    ['lmit=1', 'query.lmit: unknown parameter: did you mean `limit`?'],
  ])('%s', async (query, message) => {
    const answer = await call(server.url, 'listMcpServers', { query });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toContain(message);
  });
});
