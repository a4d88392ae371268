import type { HeldMemory, Holder } from '../base/held-memory.ts';
import { type JsonPieces, writeJsonPieces } from '../base/json-pieces.ts';
import { type MemoryBudget, OverBudget } from '../base/memory-budget.ts';
import { MemoryCache } from '../base/memory-cache.ts';
import type { ShownTool } from './tools-in-scope.ts';

/**
 * A page of the definitions that an endpoint shows, as a JSON list in the order of the source. The pieces are never
 * changed.
 */
export type ToolList = Omit<JsonPieces, 'pieces'> & {
  readonly pieces: readonly Buffer[];
  /** The name of the last tool, if more follow; otherwise null. */
  readonly lastOfMore: string | null;
};

/** The maximum number of tools of a page. */
const MAX_PAGE_TOOLS = 200;
/** The maximum size of a page. A larger tool has a page of its own. */
export const MAX_PAGE_BYTES = 1_000_000;
const PAGE = { items: MAX_PAGE_TOOLS, bytes: MAX_PAGE_BYTES };

/** The source of a list. */
export type ToolListSource = {
  /** Equal for equal lists while `madeFrom` is the same. */
  readonly key: string;
  readonly holder: Holder;
  /** The object that the definitions come from; null if the key identifies them. */
  readonly madeFrom: object | null;
  /** Returns the definitions, from the first one of the page on. Called once for all simultaneous users. */
  readonly definitions: () => Iterable<ShownTool['definition']> | Promise<Iterable<ShownTool['definition']>>;
};

/** A user of a list, until its signal is aborted. */
export type ToolListUser = {
  readonly signal: AbortSignal;
  /** Ends the use of the list: another holder needs its memory. */
  readonly onLetGo: () => void;
};

/** A list in use. Dispose of it after use. */
export type UsedToolList = ToolList & Disposable;

type Made = ToolList & { readonly of: WeakRef<object> | null };

/** A list that is being made, or written to at least one client. All of them share its memory. */
type InUse = {
  readonly of: WeakRef<object> | null;
  readonly list: Promise<Made>;
  readonly held: HeldMemory;
  readonly ending: AbortController;
  readonly users: Set<ToolListUser>;
};

const isOf = (made: Pick<Made, 'of'>, of: object | null): boolean => (made.of?.deref() ?? null) === of;

/** The lists of tools that endpoints show, in pages, as JSON. */
export type ToolLists = {
  /**
   * Returns the page of a source: at most 200 tools and 1,000,000 bytes. All endpoints of an organization that show the same share it. It is held in the
   * memory budget while in use, and cached afterwards while there is memory. Rejects with OverBudget, or with the
   * reason of the signal.
   */
  readonly use: (source: ToolListSource, user: ToolListUser) => Promise<UsedToolList>;
};

/** Creates the lists of one gateway. */
export function createToolLists(budget: MemoryBudget): ToolLists {
  const kept = new MemoryCache<Made>(budget, 'lists');
  const inUse = new Map<string, InUse>();

  const make = async (
    { key, holder, madeFrom, definitions }: ToolListSource,
    held: HeldMemory,
    signal: AbortSignal,
  ): Promise<Made> => {
    const found = kept.get(key);
    if (found !== undefined && isOf(found, madeFrom)) {
      kept.used(key);
      await held.waitToResize(found.bytes, signal);
      return found;
    }
    const { pieces, bytes, count, lastOfMore } = await writeJsonPieces(await definitions(), held, signal, PAGE);
    // Weakly: the cache must not keep what the runtime has dropped.
    const next = lastOfMore === undefined ? null : String(lastOfMore.name);
    const made = { pieces, bytes, count, lastOfMore: next, of: madeFrom === null ? null : new WeakRef(madeFrom) };
    held.resize(bytes);
    kept.set(key, made, holder, bytes + key.length);
    return made;
  };

  const begin = (source: ToolListSource): InUse => {
    const { key, holder, madeFrom } = source;
    const held = budget.hold(holder, 'answers', 0);
    const ending = new AbortController();
    const users = new Set<ToolListUser>();
    const list = make(source, held, ending.signal);
    // The users of the list get the error.
    list.catch(() => undefined);
    const entry = { of: madeFrom === null ? null : new WeakRef(madeFrom), list, held, ending, users };
    held.allowRelease('underWay', () => {
      ending.abort(new OverBudget('share'));
      for (const { onLetGo } of users) {
        onLetGo();
      }
    });
    inUse.set(key, entry);
    return entry;
  };

  const leave = (key: string, entry: InUse, user: ToolListUser): void => {
    if (entry.users.delete(user) && entry.users.size === 0) {
      entry.ending.abort();
      entry.held.release();
      if (inUse.get(key) === entry) {
        inUse.delete(key);
      }
    }
  };

  return {
    use: async (source, { signal, onLetGo }) => {
      signal.throwIfAborted();
      const { key, madeFrom } = source;
      const found = inUse.get(key);
      const entry =
        found !== undefined && isOf(found, madeFrom) && !found.ending.signal.aborted ? found : begin(source);
      const user = { signal, onLetGo };
      entry.users.add(user);
      const release = (): void => leave(key, entry, user);
      try {
        const { pieces, bytes, count, lastOfMore } = await orAborted(entry.list, signal);
        return { pieces, bytes, count, lastOfMore, [Symbol.dispose]: release };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

/** Settles with the promise, or rejects as soon as the signal is aborted. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
