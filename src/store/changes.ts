import type { Kysely, KyselyPlugin } from 'kysely';
import type { Database } from './schema.ts';
import type { ChangeListener, Store } from './store.ts';
import { changedBy, SUBJECTS, type Subject } from './topics.ts';

/** The topics that a commit changes in each subject; nothing for a subject that it does not change. */
export type Commit = ReadonlyMap<Subject, ReadonlySet<string> | 'anything'>;

/** Counts commits by topic, so that cached reads stay valid until one of their topics changes. */
export type Changes = Pick<Store, 'changes' | 'hasChanged' | 'onChange'> & {
  /** Counts a commit. Call it after the commit, before the writer gets its answer. */
  readonly note: (commit: Commit) => void;
  /** Counts a commit that may have changed anything. */
  readonly noteAnything: () => void;
  /** Watches a transaction: `changed` returns what its statements have changed so far. */
  readonly watch: (transaction: Kysely<Database>) => { sql: Kysely<Database>; changed: () => Commit };
};

/** Topics whose last change is remembered. Of the others it is known that they did not change after these. */
const MAX_TOPICS = 20_000;

/** A commit that may have changed anything. */
const ANYTHING: Commit = new Map(SUBJECTS.map((subject) => [subject, 'anything']));

/** Creates the counter of one store. */
export function createChanges(mostTopics = MAX_TOPICS): Changes {
  let count = 0;
  /** The count of the last change of each topic of `config`, oldest first. */
  const changedAt = new Map<string, number>();
  /** Up to this count, any topic without an entry may have changed. */
  let forgotten = 0;
  const listeners = new Map<Subject, Set<ChangeListener>>(SUBJECTS.map((subject) => [subject, new Set()]));

  const countTopics = (topics: ReadonlySet<string> | 'anything'): void => {
    count += 1;
    if (topics === 'anything') {
      changedAt.clear();
      forgotten = count;
      return;
    }
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

  const note = (commit: Commit): void => {
    for (const [subject, topics] of commit) {
      if (subject === 'config') {
        countTopics(topics);
      }
      for (const listener of listeners.get(subject) ?? []) {
        listener(topics);
      }
    }
  };

  return {
    changes: () => count,
    hasChanged: (topics, since) =>
      since !== count && (since < forgotten || topics.some((topic) => (changedAt.get(topic) ?? 0) > since)),
    onChange: (subject, listener) => {
      // One listener may listen twice.
      const own: ChangeListener = (topics) => listener(topics);
      listeners.get(subject)?.add(own);
      return () => listeners.get(subject)?.delete(own);
    },
    note,
    noteAnything: () => note(ANYTHING),
    watch: (transaction) => {
      const commit = new Map<Subject, Set<string> | 'anything'>();
      const plugin: KyselyPlugin = {
        transformQuery: ({ node }) => {
          for (const subject of SUBJECTS) {
            const changed = changedBy(node, subject);
            const topics = commit.get(subject) ?? new Set();
            if (changed === 'anything') {
              commit.set(subject, changed);
            } else if (topics !== 'anything' && changed.length > 0) {
              for (const topic of changed) {
                topics.add(topic);
              }
              commit.set(subject, topics);
            }
          }
          return node;
        },
        transformResult: async ({ result }) => result,
      };
      return { sql: transaction.withPlugin(plugin), changed: () => commit };
    },
  };
}
