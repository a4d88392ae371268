import type { operations } from '../../../../generated/api.ts';
import type { Answer, Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import type { AnswerJson } from '../../questions.ts';
import { create, created, dataOf, read, refused, tick } from './support.ts';

type Query = NonNullable<operations['listMcpServers']['parameters']['query']>;
type Listed = Answer<AnswerJson<'listMcpServers', 200>>;

const list = (team: Caller, query: Query) => team.call(200, 'listMcpServers', { query });

const idsOf = (answer: Listed): string[] => dataOf(answer).servers.map(({ id }) => id);

/** Checks that what a page says of itself adds up. */
function consistent(answer: Listed, page: number, limit: number): void {
  const data = dataOf(answer);
  const { total_count, total_pages, servers } = data;
  same(answer, 'page and limit', [data.page, data.limit], [page, limit]);
  same(answer, `total_pages of ${total_count} servers`, total_pages, Math.ceil(total_count / limit));
  same(answer, `has_next on page ${page} of ${total_pages}`, data.has_next, page + 1 < total_pages);
  same(answer, 'has_previous', data.has_previous, page > 0 && total_count > 0);
  const length = Math.max(0, Math.min(limit, total_count - page * limit));
  same(answer, 'the number of servers', servers.length, length);
}

/** listMcpServers. */
export const listChecks = checks('servers', {
  'listMcpServers: without parameters it is the first page of 20, newest first': async ({ team, name }) => {
    await created(team, { name: name('older') });
    await tick();
    const path = await created(team, { name: name('newest') });
    const answer = await team.call(200, 'listMcpServers');
    const { servers, filters } = dataOf(answer);
    consistent(answer, 0, 20);
    same(answer, 'filters', filters, {});
    const times = servers.map(({ created_at }) => created_at);
    same(
      answer,
      'created_at, descending,',
      times,
      times.toSorted((a, b) => b - a),
    );
    const server = await read(team, path);
    same(
      answer,
      'the new server as it is read:',
      servers.find(({ id }) => id === server.id),
      server,
    );
  },

  'listMcpServers: pages are counted from 0, hold what they say, and do not overlap': async ({ team, name }) => {
    const ids: string[] = [];
    for (const letter of ['a', 'b', 'c', 'd', 'e']) {
      ids.push(dataOf(await create(team, { name: name(`page-${letter}`) })).id);
    }
    const search = name('page-');
    const seen: string[] = [];
    for (const page of [0, 1, 2]) {
      const answer = await list(team, { search, limit: 2, page, sort: 'name', order: 'asc' });
      consistent(answer, page, 2);
      same(answer, 'total_count', dataOf(answer).total_count, 5);
      same(answer, 'filters', dataOf(answer).filters, { search });
      seen.push(...idsOf(answer));
    }
    const past = await list(team, { search, limit: 2, page: 3 });
    consistent(past, 3, 2);
    same(past, 'the servers of all pages', seen, ids);
    const whole = await list(team, { search, limit: 100 });
    consistent(whole, 0, 100);
    consistent(await list(team, { search, limit: 1, page: 4 }), 4, 1);
    await team.call(200, 'deleteMcpServer', { path: { mcpServerId: ids[0] ?? '' } });
    const less = await list(team, { search });
    same(less, 'total_count after a deletion', dataOf(less).total_count, 4);
  },

  'listMcpServers: every key sorts, both ways': async ({ team, name }) => {
    const [b, c, a] = await inTurn(['b', 'c', 'a'], async (letter) =>
      dataOf(await create(team, { name: name(`sort-${letter}`) })),
    );
    for (const server of [c, a, b]) {
      await tick();
      await team.call(200, 'updateMcpServer', {
        path: { mcpServerId: server?.id ?? '' },
        body: { description: 'Touched' },
      });
    }
    const orders = { created_at: [b, c, a], updated_at: [c, a, b], name: [a, b, c] };
    const keys = ['created_at', 'updated_at', 'name'] as const;
    const search = name('sort-');
    for (const sort of keys) {
      const ids = orders[sort].map((server) => server?.id);
      const ascending = await list(team, { search, sort, order: 'asc' });
      same(ascending, `by ${sort}, ascending,`, idsOf(ascending), ids);
      const descending = await list(team, { search, sort, order: 'desc' });
      same(descending, `by ${sort}, descending,`, idsOf(descending), ids.toReversed());
      const byDefault = await list(team, { search, sort });
      same(byDefault, `by ${sort}, descending by default,`, idsOf(byDefault), ids.toReversed());
    }
    const byDefault = await list(team, { search, order: 'asc' });
    same(
      byDefault,
      'by created_at by default',
      idsOf(byDefault),
      orders.created_at.map((server) => server?.id),
    );
  },

  'listMcpServers: search finds parts of name, description and URL, whatever the case': async ({ team, name }) => {
    const word = name('needle');
    const found = await inTurn(
      [
        { name: `a ${word} in the name` },
        { name: name('described'), description: `A ${word.toUpperCase()}.` },
        { name: name('addressed'), url: `https://example.com/${word}` },
      ],
      async (fields) => dataOf(await create(team, fields)).id,
    );
    await created(team, { name: name('hay') });
    for (const search of [word, word.toUpperCase()]) {
      const answer = await list(team, { search });
      same(answer, 'the servers found', idsOf(answer).toSorted(), found.toSorted());
      same(answer, 'filters', dataOf(answer).filters, { search });
      consistent(answer, 0, 20);
    }
    for (const search of [`${word}%`, word.replace('needle', 'n_edle'), `${word} not there`]) {
      const none = await list(team, { search });
      consistent(none, 0, 20);
      same(none, 'total_count', dataOf(none).total_count, 0);
    }
  },

  'listMcpServers: an empty search is no filter': async ({ team, name }) => {
    await created(team, { name: name('unfiltered') });
    const answer = await list(team, { search: '', limit: 1 });
    consistent(answer, 0, 1);
    same(answer, 'filters', dataOf(answer).filters, {});
    holds(answer, dataOf(answer).total_count > 0, 'servers', dataOf(answer).total_count);
  },

  'listMcpServers: parameters out of range and unknown ones are refused by name': async ({ team }) => {
    const wrong: Record<string, readonly string[]> = {
      page: ['-1', '1.5', 'x', '1000001'],
      limit: ['0', '101', '-1', 'x'],
      sort: ['id', 'NAME'],
      order: ['up', 'ASC'],
      search: ['s'.repeat(257)],
      offset: ['0'],
      pagesize: ['20'],
    };
    for (const [parameter, values] of Object.entries(wrong)) {
      for (const value of values) {
        await refused(team, 'listMcpServers', { query: { [parameter]: value } }, parameter);
      }
    }
  },
});

/** Like `Promise.all`, one after another, so that times differ. */
async function inTurn<T, U>(items: readonly T[], make: (item: T) => Promise<U>): Promise<U[]> {
  const made: U[] = [];
  for (const item of items) {
    made.push(await make(item));
    await tick();
  }
  return made;
}
