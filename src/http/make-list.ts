import { createFairLimiter } from '../base/fair-queue.ts';
import { writeJsonPieces } from '../base/json-pieces.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { LargeList } from '../contract/large-list.ts';

/** Bytes, and items, of a list that is checked and written at once, as other answers are. */
const WRITTEN_AT_ONCE_BYTES = 64 * 1024;
const WRITTEN_AT_ONCE_ITEMS = 100;
/** Lists that are made at once, one of each organization, and those of one organization that wait besides. */
const SLOTS = 2;
const MAX_WAITING_LISTS = 64;

const making = createFairLimiter({ slots: SLOTS, slotsPerOwner: 1, mostWaiting: MAX_WAITING_LISTS });

/**
 * Makes a list for an answer that may be large, from the items of `itemsOf`. Each organization makes one list at a
 * time, in pieces, and its memory is held until the client has read it. Requests that wait hold nothing. Rejects with
 * QueueFull; with OverBudget if there is no room, or if the client disconnects.
 */
export async function makeList<T extends object>(memory: MemoryScope, itemsOf: () => AsyncIterable<T>): Promise<T[]> {
  return making.run(
    memory.holder ?? '',
    async () => {
      const held = memory.hold('answers', 0);
      const first: T[] = [];
      const items = async function* () {
        for await (const item of itemsOf()) {
          if (first.length < WRITTEN_AT_ONCE_ITEMS) {
            first.push(item);
          }
          yield item;
        }
      };
      const json = await writeJsonPieces(items(), held, memory.signal);
      memory.signal.throwIfAborted();
      held.resize(json.bytes);
      if (json.count <= WRITTEN_AT_ONCE_ITEMS && json.bytes <= WRITTEN_AT_ONCE_BYTES) {
        return first;
      }
      // Stands for the array that its text is of: only what writes the answer looks into it.
      return new LargeList(json, held) as unknown as T[];
    },
    memory.signal,
  );
}
