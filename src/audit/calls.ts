import type { Logger } from 'pino';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import { insertOnce } from '../store/tool-calls.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type AuditedCall, cutArguments, type KeptArguments, OMITTED_ARGUMENTS } from './call-events.ts';
import { WaitingCalls } from './waiting-calls.ts';

/** Writes tool calls to the audit log in batches, without delaying the calls. */
export type CallAudit = {
  /** Whether the arguments of calls are recorded. */
  readonly withArguments: boolean;
  /**
   * Records a call and its arguments. Never throws and never waits. Of the 10,000 calls that may wait, an organization
   * may have a quarter, and more while another quarter stays free; further calls are counted but not recorded.
   */
  record(call: Omit<AuditedCall, 'arguments'>, args: unknown): void;
  /** Resolves when the recorded calls are stored, or the write failed: then it is retried automatically. */
  flush(): Promise<void>;
  /** Stores the waiting calls a last time, and records nothing afterwards. */
  close(): Promise<void>;
};

/** The parts of the audit of calls. */
export type CallAuditOptions = {
  readonly store: Pick<Store, 'engine' | 'write'>;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'toolCalls' | 'toolCallDuration' | 'auditDropped'>;
  readonly withArguments: boolean;
  /** Holds the memory of the waiting arguments. */
  readonly budget: MemoryBudget;
};

/** Calls that one transaction stores. */
const BATCH_CALLS = 512;
/** Calls that wait at most, for the batch to fill or for a database that is away. */
const MAX_WAITING_CALLS = 10_000;
/** Milliseconds that the first call of a batch waits for others. */
const DELAY_MS = 250;
/** Milliseconds between two tries while the database is away. */
const RETRY_MS = 1000;
/** Characters of arguments that wait at most, shared as calls are; calls beyond it are kept without theirs. */
const MAX_ARGUMENTS_BYTES = 32 * 1024 * 1024;

/** Creates the audit of calls. `withArguments` is `GATEHOUSE_AUDIT_ARGUMENTS`. */
export function createCallAudit({ store, log, metrics, withArguments, budget }: CallAuditOptions): CallAudit {
  const counted = { success: metrics.toolCalls.labels('success'), failure: metrics.toolCalls.labels('failure') };
  // Calls keep their ids from one try to the next, so that a try whose answer was lost stores nothing twice.
  const waiting = new WaitingCalls(budget, MAX_WAITING_CALLS, MAX_ARGUMENTS_BYTES);
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | null = null;
  let isAway = false;
  let isClosed = false;

  /** Arguments without room are not even converted to text. */
  const argumentsOf = (organizationId: string, value: unknown): KeptArguments =>
    waiting.hasRoomFor(organizationId) ? cutArguments(value) : OMITTED_ARGUMENTS;

  /** Stores calls, or those of them that can be: one that the database refuses must not keep the others out. */
  const put = async (from: number, to: number): Promise<void> => {
    try {
      await store.write((db) => insertOnce(db, store.engine, waiting.stored(from, to)));
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        throw error;
      }
      if (to - from === 1) {
        metrics.auditDropped.inc();
        log.error({ err: error }, 'a tool call could not be audited');
        return;
      }
      const middle = (from + to) >> 1;
      await put(from, middle);
      await put(middle, to);
    }
  };

  const writeWhatWaits = async (): Promise<void> => {
    try {
      for (let left = waiting.count; left > 0; ) {
        const batch = Math.min(left, BATCH_CALLS);
        await put(0, batch);
        waiting.drop(batch);
        left -= batch;
      }
      isAway = false;
    } catch (error) {
      if (!isAway) {
        log.warn({ err: error, waiting: waiting.count }, 'tool calls cannot be audited now; they wait');
      }
      isAway = true;
    }
  };

  const goOn = (): void => {
    writing = null;
    if (waiting.count > 0 && !isClosed) {
      startIn(isAway ? RETRY_MS : waiting.count < BATCH_CALLS ? DELAY_MS : 0);
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
    withArguments,
    record: (call, args) => {
      counted[call.reason === undefined ? 'success' : 'failure'].inc();
      metrics.toolCallDuration.observe(call.durationMs / 1000);
      if (
        isClosed ||
        !waiting.add({ ...call, arguments: withArguments ? argumentsOf(call.organizationId, args) : undefined })
      ) {
        metrics.auditDropped.inc();
        return;
      }
      if (writing === null && (waiting.count === 1 || waiting.count === BATCH_CALLS)) {
        startIn(waiting.count === 1 ? DELAY_MS : 0);
      }
    },
    flush,
    close: async () => {
      isClosed = true;
      await flush();
      if (waiting.count > 0) {
        metrics.auditDropped.inc(waiting.count);
        log.error({ calls: waiting.count }, 'stopped without having audited the last tool calls');
      }
    },
  };
}
