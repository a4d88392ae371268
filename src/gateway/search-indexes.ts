import { createYielding } from '../base/event-loop-turns.ts';
import { isObject } from '../base/is-object.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { MemoryCache } from '../base/memory-cache.ts';
import { hintsOf, readsOnly } from '../tools/hints.ts';
import { type SearchedTool, SearchIndex } from '../tools/search-index.ts';
import type { ShownSource, ShownTool } from './tools-in-scope.ts';

/** The searches for the tools that endpoints show. */
export type SearchIndexes = {
  /**
   * Returns the search for the tools of a source, made once for all callers, and kept while there is memory. Rejects with
   * OverBudget.
   */
  readonly of: (source: ShownSource) => Promise<SearchIndex>;
};

type Made = { readonly index: SearchIndex; readonly of: WeakRef<object> | null };
type UnderWay = { readonly index: Promise<SearchIndex>; readonly madeFrom: object | null };

/** Creates the searches of one gateway. */
export function createSearchIndexes(budget: MemoryBudget): SearchIndexes {
  const kept = new MemoryCache<Made>(budget, 'lists');
  const underWay = new Map<string, UnderWay>();

  const make = async ({ key, holder, madeFrom, tools }: ShownSource): Promise<SearchIndex> => {
    using making = budget.hold(holder, 'lists', 0);
    const yieldTurn = createYielding(holder);
    const index = new SearchIndex(holder);
    let room = 0;
    for (const tool of (await tools()).values()) {
      index.add(searched(tool));
      if (index.bytes > room) {
        // In steps that grow, so that the room is asked for only now and then.
        room = 2 * index.bytes;
        await making.waitToResize(room);
      }
      await yieldTurn();
    }
    making.release();
    // Weakly: the cache must not keep the tools that the runtime has dropped.
    const of = madeFrom === null ? null : new WeakRef(madeFrom);
    kept.set(key, { index, of }, holder, index.bytes + key.length);
    return index;
  };

  return {
    of: (source) => {
      const { key, madeFrom } = source;
      const found = kept.get(key);
      if (found !== undefined && (found.of?.deref() ?? null) === madeFrom) {
        kept.used(key);
        return Promise.resolve(found.index);
      }
      const begun = underWay.get(key);
      if (begun !== undefined && begun.madeFrom === madeFrom) {
        return begun.index;
      }
      const index = make(source).finally(() => {
        if (underWay.get(key)?.index === index) {
          underWay.delete(key);
        }
      });
      underWay.set(key, { index, madeFrom });
      return index;
    },
  };
}

function searched({ definition, method, resource, tags }: ShownTool): SearchedTool {
  const { name, title, description, inputSchema } = definition;
  const { properties } = isObject(inputSchema) ? inputSchema : {};
  const texts = [title, description].filter((text) => typeof text === 'string' && text !== '');
  return {
    name: String(name),
    resource,
    method,
    tags,
    description: texts.join('\n'),
    argumentNames: Object.keys(isObject(properties) ? properties : {}),
    isReadOnly: readsOnly(hintsOf(definition)),
  };
}
