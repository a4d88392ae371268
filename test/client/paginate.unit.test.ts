import { expect, test } from 'vitest';
import { createClient, GatehouseError, type PagedPath, paginate } from '../../src/client/client.ts';

/** A client of a server that answers by the query; the queries that it got. */
function listing(answer: (query: URLSearchParams) => unknown, status = 200) {
  const asked: string[] = [];
  const client = createClient({
    baseUrl: 'https://gatehouse.example.com',
    fetch: async ({ url }) => {
      const { search, searchParams } = new URL(url);
      asked.push(search);
      return Response.json(answer(searchParams), { status });
    },
  });
  return { client, asked };
}

async function everything(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const item of items) {
    seen.push(item);
  }
  return seen;
}

const LISTS: readonly [PagedPath, string, (query: URLSearchParams) => unknown][] = [
  [
    '/api/mcp-servers',
    'page',
    (query) => {
      const page = Number(query.get('page') ?? 0);
      return { message: '', status: 'success', error: null, data: { servers: [page, page], page, has_next: page < 2 } };
    },
  ],
  [
    '/integration',
    'next_cursor',
    (query) => {
      const page = Number(query.get('next_cursor') ?? 0);
      return { result: [page, page], next_cursor: page < 2 ? String(page + 1) : null, limit: 2 };
    },
  ],
  [
    '/admin/api/v1/audit-events',
    'cursor',
    (query) => {
      const page = Number(query.get('cursor') ?? 0);
      return { data: [page, page], nextCursor: page < 2 ? String(page + 1) : null };
    },
  ],
];

test.each(LISTS)('%s is read to its end, with the parameters of the first page', async (path, position, answer) => {
  const { client, asked } = listing(answer);
  const seen = await everything(paginate(client, path, { params: { query: { limit: 2 } } }));
  expect(seen).toEqual([0, 0, 1, 1, 2, 2]);
  expect(asked).toEqual(['?limit=2', `?limit=2&${position}=1`, `?limit=2&${position}=2`]);
});

test.each(LISTS)('%s: a page is asked for when the loop needs it', async (path, _, answer) => {
  const { client, asked } = listing(answer);
  for await (const _item of paginate(client, path)) {
    break;
  }
  expect(asked).toHaveLength(1);
});

test.each(LISTS)('%s: an answer that is an error is thrown with its status and body', async (path) => {
  const body = { message: 'Wrong credentials.' };
  const { client } = listing(() => body, 401);
  const error = await everything(paginate(client, path)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GatehouseError);
  expect(error).toMatchObject({ status: 401, error: body, message: expect.stringContaining('Wrong credentials.') });
});

test.each(LISTS)('%s: a list that does not advance ends with an error', async (path, position, answer) => {
  const first = new URLSearchParams({ [position]: '1' });
  const { client, asked } = listing(() => answer(first));
  await expect(everything(paginate(client, path))).rejects.toThrow('the same page again');
  expect(asked).toHaveLength(2);
});
