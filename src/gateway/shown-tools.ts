import type { SearchIndex } from '../tools/search-index.ts';
import { invalidCursor } from './list-cursor.ts';
import type { SearchIndexes } from './search-indexes.ts';
import type { ToolLists, ToolListUser, UsedToolList } from './tool-lists.ts';
import type { ShownSource, ShownTool, ToolsInScope } from './tools-in-scope.ts';

/** The tools that an endpoint shows. All of it may reject with OverBudget. */
export type ShownTools = {
  readonly find: (name: string) => Promise<ShownTool | undefined>;
  /**
   * Returns a page, after the tool `after`. Rejects like `ToolLists.use`, and with an RpcError if the endpoint shows no
   * tool of that name.
   */
  readonly list: (after: string | undefined, user: ToolListUser) => Promise<UsedToolList>;
  /** Returns the search for the tools. */
  readonly index: () => Promise<SearchIndex>;
};

/** What is made of tools, and cached for all endpoints that show the same. */
export type ShownCaches = { readonly lists: ToolLists; readonly indexes: SearchIndexes };

/** Shows the tools of a source. */
export function showTools({ lists, indexes }: ShownCaches, source: ShownSource): ShownTools {
  const { key, holder, madeFrom, tools } = source;
  return {
    find: async (name) => (await tools()).find(name),
    list: (after, user) =>
      lists.use(
        {
          key: after === undefined ? key : JSON.stringify([key, after]),
          holder,
          madeFrom,
          definitions: async () => definitionsAfter(await tools(), after),
        },
        user,
      ),
    index: () => indexes.of(source),
  };
}

function* definitionsAfter(tools: ToolsInScope, after: string | undefined): Generator<ShownTool['definition']> {
  if (after !== undefined && tools.find(after) === undefined) {
    throw invalidCursor();
  }
  for (const { definition } of tools.values(after)) {
    yield definition;
  }
}
