import type { Holder } from '../base/held-memory.ts';
import type { HeldMemory, MemoryBudget } from '../base/memory-budget.ts';
import { QuotaExceeded } from '../quotas/quotas.ts';
import type { StoredCatalogue } from '../store/catalogues.ts';
import { serverHasMoved } from './list-catalogued-tools.ts';
import { areSameTools, type SeenTools } from './save-tools.ts';
import { ServerFailed } from './server-failed.ts';

/** The stored list of the tools of one server. */
export type StoredTools = {
  /** Reads the list, and holds its memory while `use` runs. Throws OverBudget, or the errors of `use`. */
  readonly read: (use: (found: StoredCatalogue, reading: HeldMemory) => Promise<void>) => Promise<void>;
  /** Stores a list in place of `before`, which is null for none, unless the two are the same. Throws ServerFailed. */
  readonly replace: (listed: SeenTools, before: SeenTools['tools'] | null) => Promise<void>;
};

/** The server, how its list is read and saved, and whose memory holds it. */
export type StoredToolsOptions = {
  readonly name: string;
  readonly stored: (room: (bytes: number) => Promise<void>) => Promise<StoredCatalogue>;
  /** Stores a list in place of the earlier one. Returns false if the list no longer belongs to this server. */
  readonly save: (listed: SeenTools, before: SeenTools['tools'] | null) => Promise<boolean>;
  readonly budget: MemoryBudget;
  /** The organization that owns the server; null for the operator. */
  readonly holder: Holder;
};

/** Creates the access to the stored list of one server. */
export function createStoredTools({ name, stored, save, budget, holder }: StoredToolsOptions): StoredTools {
  return {
    read: async (use) => {
      using reading = budget.hold(holder, 'lists', 0);
      await use(await stored((bytes) => reading.waitToResize(bytes)), reading);
    },
    replace: async (listed, before) => {
      if (before !== null && areSameTools(before, listed.tools)) {
        return;
      }
      const isStored = await save(listed, before).catch((error: unknown) => {
        throw error instanceof QuotaExceeded ? hasNoRoom(name, error) : error;
      });
      if (!isStored) {
        throw serverHasMoved(name);
      }
    },
  };
}

/** The failure for a list beyond the quota of the organization. The earlier list stays in use. */
const hasNoRoom = (name: string, { message }: QuotaExceeded): ServerFailed =>
  new ServerFailed(name, 'unusable', `lists more tools than can be stored: ${message}`);
