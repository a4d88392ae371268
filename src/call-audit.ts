import type { Logger } from 'pino';
import { type AuditedCall, cutArguments, type KeptArguments, storedCall } from './call-events.ts';
import type { Metrics } from './metrics.ts';
import { type Store, StoreUnavailable } from './store/store.ts';
import { insertOnce, type ToolCall } from './store/tool-calls.ts';

/** Writes tool calls into the audit log, in batches, off the path of the calls. */
export type CallAudit = {
  /** Notes a call and its arguments. Never throws, never waits; one that finds 10,000 waiting is counted and not kept. */
  record(call: Omit<AuditedCall, 'arguments'>, args: unknown): void;
  /** Resolves when what was noted is stored, or could not be: then it is tried again by itself. */
  flush(): Promise<void>;
  /** Stores what is there, once more, and keeps nothing from then on. */
  close(): Promise<void>;
};

export type CallAuditOptions = {
  readonly store: Pick<Store, 'engine' | 'write'>;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'toolCalls' | 'toolCallDuration' | 'auditDropped'>;
  readonly withArguments: boolean;
};

/** Calls that one transaction stores. */
const BATCH = 512;
/** Calls that wait at most, for the batch to fill or for a database that is away. */
const MOST_WAITING = 10_000;
/** Milliseconds that the first call of a batch waits for others. */
const DELAY = 250;
/** Milliseconds between two tries while the database is away. */
const RETRY = 1000;
/** Characters of arguments that wait at most; calls beyond it are kept without theirs. */
const MOST_ARGUMENTS = 32 * 1024 * 1024;

/** Makes the audit of one server's calls. `withArguments` is `GATEHOUSE_AUDIT_ARGUMENTS`. */
export function createCallAudit({ store, log, metrics, withArguments }: CallAuditOptions): CallAudit {
  const counted = { success: metrics.toolCalls.labels('success'), failure: metrics.toolCalls.labels('failure') };
  let waiting: AuditedCall[] = [];
  // Calls keep their ids from one try to the next, so that a try whose answer was lost stores nothing twice.
  let batch: ToolCall[] = [];
  let argumentsWaiting = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | null = null;
  let isAway = false;
  let isClosed = false;

  const count = () => batch.length + waiting.length;

  const argumentsOf = (value: unknown): KeptArguments => {
    const kept = argumentsWaiting < MOST_ARGUMENTS ? cutArguments(value) : { text: '', isWhole: false };
    argumentsWaiting += kept.text.length;
    return kept;
  };

  /** Stores calls, or those of them that can be: one that the database refuses must not keep the others out. */
  const put = async (calls: readonly ToolCall[]): Promise<void> => {
    try {
      await store.write((db) => insertOnce(db, store.engine, calls));
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        throw error;
      }
      if (calls.length === 1) {
        metrics.auditDropped.inc();
        log.error({ err: error }, 'a tool call could not be audited');
        return;
      }
      const half = calls.length >> 1;
      await put(calls.slice(0, half));
      await put(calls.slice(half));
    }
  };

  const writeBatch = async (): Promise<number> => {
    if (batch.length === 0) {
      const taken = waiting.slice(0, BATCH);
      waiting = waiting.slice(BATCH);
      argumentsWaiting -= taken.reduce((sum, call) => sum + (call.arguments?.text.length ?? 0), 0);
      batch = taken.map(storedCall);
    }
    await put(batch);
    const written = batch.length;
    batch = [];
    return written;
  };

  const writeWhatWaits = async (): Promise<void> => {
    try {
      for (let left = count(); left > 0; ) {
        left -= await writeBatch();
      }
      isAway = false;
    } catch (error) {
      if (!isAway) {
        log.warn({ err: error, waiting: count() }, 'tool calls cannot be audited now; they wait');
      }
      isAway = true;
    }
  };

  const goOn = (): void => {
    writing = null;
    if (count() > 0 && !isClosed) {
      startIn(isAway ? RETRY : count() < BATCH ? DELAY : 0);
    }
  };

  const start = (): Promise<void> => {
    clearTimeout(timer);
    writing ??= writeWhatWaits().then(goOn);
    return writing;
  };

  const startIn = (milliseconds: number): void => {
    clearTimeout(timer);
    timer = setTimeout(start, milliseconds).unref();
  };

  const flush = async (): Promise<void> => {
    await writing;
    await start();
  };

  return {
    record: (call, args) => {
      counted[call.reason === undefined ? 'success' : 'failure'].inc();
      metrics.toolCallDuration.observe(call.durationMs / 1000);
      if (isClosed || count() >= MOST_WAITING) {
        metrics.auditDropped.inc();
        return;
      }
      waiting.push({ ...call, arguments: withArguments ? argumentsOf(args) : undefined });
      if (writing === null && (waiting.length === 1 || waiting.length === BATCH)) {
        startIn(waiting.length === 1 ? DELAY : 0);
      }
    },
    flush,
    close: async () => {
      isClosed = true;
      await flush();
      if (count() > 0) {
        metrics.auditDropped.inc(count());
        log.error({ calls: count() }, 'stopped without having audited the last tool calls');
      }
    },
  };
}
