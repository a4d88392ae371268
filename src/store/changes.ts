import type { Kysely, KyselyPlugin } from 'kysely';
import type { Database } from './schema.ts';
import type { Store } from './store.ts';
import { changedBy } from './topics.ts';

/** Counts commits by topic, so that cached reads stay valid until one of their topics changes. */
export type Changes = Pick<Store, 'changes' | 'hasChanged'> & {
  /** Notes that anything may have changed. */
  readonly noteAnything: () => void;
  /** Watches a transaction; call `committed` after its commit, before the writer gets its answer. */
  readonly watch: (transaction: Kysely<Database>) => { sql: Kysely<Database>; committed: () => void };
};

/** Topics whose last change is remembered. Of the others it is known that they did not change after these. */
const MAX_TOPICS = 20_000;

/** Creates the counter of one store. */
export function createChanges(mostTopics = MAX_TOPICS): Changes {
  let count = 0;
  /** The count of the last change of each topic, oldest first. */
  const changedAt = new Map<string, number>();
  /** Up to this count, any topic without an entry may have changed. */
  let forgotten = 0;

  const note = (topics: ReadonlySet<string>): void => {
    count += 1;
    for (const topic of topics) {
      changedAt.delete(topic);
      changedAt.set(topic, count);
    }
    for (const [topic, at] of changedAt) {
      if (changedAt.size <= mostTopics) {
        break;
      }
      changedAt.delete(topic);
      forgotten = at;
    }
  };

  const noteAnything = (): void => {
    count += 1;
    changedAt.clear();
    forgotten = count;
  };

  return {
    changes: () => count,
    hasChanged: (topics, since) =>
      since !== count && (since < forgotten || topics.some((topic) => (changedAt.get(topic) ?? 0) > since)),
    noteAnything,
    watch: (transaction) => {
      const topics = new Set<string>();
      let isAnything = false;
      const plugin: KyselyPlugin = {
        transformQuery: ({ node }) => {
          const changed = changedBy(node);
          if (changed === 'anything') {
            isAnything = true;
          } else {
            for (const topic of changed) {
              topics.add(topic);
            }
          }
          return node;
        },
        transformResult: async ({ result }) => result,
      };
      return {
        sql: transaction.withPlugin(plugin),
        committed: () => {
          if (isAnything) {
            noteAnything();
          } else if (topics.size > 0) {
            note(topics);
          }
        },
      };
    },
  };
}
