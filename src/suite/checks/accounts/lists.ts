import type { operations } from '../../../../generated/api.ts';
import type { Answer, Caller } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import { same } from '../../expect.ts';
import {
  createAccount,
  createdAccount,
  createdIntegration,
  createEndpoint,
  createIntegration,
  refused,
  tick,
  under,
} from './support.ts';

type Row = { readonly id: string; readonly created_at: string };

type Page = NonNullable<operations['listIntegrations']['parameters']['query']>;

/** A list that nobody else writes into, or a part of one. */
type List = {
  readonly operation: 'listIntegrations' | 'listAccounts' | 'listEndpoints';
  readonly path?: Readonly<Record<string, string>>;
  /** Selects the part. */
  readonly query?: Readonly<Record<string, string>>;
  readonly make: () => Promise<Answer<Row>>;
  readonly remove: (id: string) => Promise<Answer>;
};

/** Each list of the API, and how to get one to write into. */
const LISTS: Readonly<Record<string, (context: Context) => Promise<List>>> = {
  listIntegrations: async ({ holder, name }) => ({
    operation: 'listIntegrations',
    make: () => createIntegration(holder, { name: name('listed') }),
    remove: (id) => holder.call(200, 'deleteIntegration', { path: { id } }),
  }),
  listAccounts: async ({ holder, name }) => {
    const integration = await createdIntegration(holder, { name: name('accounts') });
    return {
      operation: 'listAccounts',
      query: { tenant_id: integration },
      make: () => createAccount(holder, integration, { tenant_id: integration }),
      remove: (id) => holder.call(200, 'deleteAccount', { path: { id } }),
    };
  },
  listEndpoints: async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('endpoints') });
    return {
      operation: 'listEndpoints',
      path: under(account),
      make: () => createEndpoint(holder, account, { name: name('listed') }),
      remove: (id) => holder.call(200, 'deleteEndpoint', { path: { ...under(account), id } }),
    };
  },
};

const read = async (holder: Caller, list: List, page: Page) => {
  const { operation, path, query } = list;
  const answer = await holder.send(200, operation, { path, query: { ...query, ...page } });
  const { result, next_cursor, limit } = answer.json;
  const rows: readonly Row[] = result;
  return { answer, result: rows, next_cursor, limit };
};

/** Makes so many things, one after another, and answers their ids, the latest first. */
async function filled(list: List, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    ids.unshift((await list.make()).json.id);
    await tick();
  }
  return ids;
}

/** Pages that are read at most to find what was made: a live organization has things of its own. */
const MAX_PAGES = 20;

const listChecksOf = (operation: string, listIn: (context: Context) => Promise<List>) =>
  checks('accounts', {
    [`${operation}: newest first, in pages that do not overlap while others come and go`]: async (context) => {
      const { holder } = context;
      const list = await listIn(context);
      const ids = await filled(list, 5);
      const seen: string[] = [];
      let cursor: string | null = '';
      for (let pages = 0; pages < MAX_PAGES && cursor !== null && seen.length < ids.length; pages++) {
        const { answer, result, limit, next_cursor }: Awaited<ReturnType<typeof read>> = await read(holder, list, {
          limit: 2,
          next_cursor: cursor,
        });
        same(answer, 'limit', limit, 2);
        if (next_cursor !== null) {
          same(answer, 'the number of things on a page that another one follows', result.length, 2);
        }
        const times = result.map(({ created_at }) => created_at);
        same(answer, 'created_at, descending,', times, times.toSorted().toReversed());
        const own = result.map(({ id }) => id).filter((id) => ids.includes(id));
        seen.push(...own);
        cursor = next_cursor;
        // The next page begins after a thing that is gone by then.
        const last = own.at(-1);
        if (last !== undefined) {
          await list.remove(last);
        }
        same(answer, 'what was made, newest first,', seen, ids.slice(0, seen.length));
        await list.make();
      }
      const { answer } = await read(holder, list, {});
      same(answer, 'all that was made, on some page,', seen, ids);
    },

    [`${operation}: the limit is echoed, 100 by default, and an empty cursor is the first page`]: async (context) => {
      const { holder } = context;
      const list = await listIn(context);
      const ids = await filled(list, 3);
      const ownOf = (result: readonly Row[]) => result.map(({ id }) => id).filter((id) => ids.includes(id));
      for (const [query, limit] of [
        [{}, 100],
        [{ next_cursor: '' }, 100],
        [{ limit: 3, next_cursor: '' }, 3],
        [{ limit: 1000 }, 1000],
      ] as const) {
        const page = await read(holder, list, query);
        same(page.answer, 'limit', page.limit, limit);
        same(page.answer, 'what was made, newest first,', ownOf(page.result), ids);
      }
    },

    [`${operation}: parameters that are wrong or unknown are refused by name`]: async (context) => {
      const { holder } = context;
      const { operation: id, path, query } = await listIn(context);
      const wrong: Record<string, readonly string[]> = {
        limit: ['0', '1001', '-1', '1.5', 'x'],
        next_cursor: ['not-a-cursor'],
        cursor: ['x'],
        page: ['0'],
        prev_cursor: ['x'],
      };
      for (const [parameter, values] of Object.entries(wrong)) {
        for (const value of values) {
          await refused(holder, id, { path, query: { ...query, [parameter]: value } }, parameter);
        }
      }
    },
  });

const endChecks = checks('accounts', {
  'listAccounts, listEndpoints: next_cursor is null on the last page, and only there': async (context) => {
    for (const listIn of [LISTS.listAccounts, LISTS.listEndpoints].filter((one) => one !== undefined)) {
      const list = await listIn(context);
      const none = await read(context.holder, list, {});
      same(none.answer, 'an empty list', [none.result, none.next_cursor], [[], null]);
      await filled(list, 3);
      for (const [limit, follows] of [
        [2, true],
        [3, false],
        [4, false],
      ] as const) {
        const { answer, next_cursor } = await read(context.holder, list, { limit });
        same(answer, `a next_cursor with 3 things and limit ${limit}:`, next_cursor !== null, follows);
      }
    }
  },
});

/** The common rules of the three lists. */
export const listChecks = [
  ...Object.entries(LISTS).flatMap(([operation, listIn]) => listChecksOf(operation, listIn)),
  ...endChecks,
];
