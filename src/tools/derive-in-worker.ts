import { extname } from 'node:path';
import { isMarkedAsUntransferable, Worker } from 'node:worker_threads';
import type { DeriveQuestion, DeriveReply, Registered } from './derive-messages.ts';
import { DocumentError } from './errors.ts';
import type { DeriveOptions } from './types.ts';

type Task = DeriveQuestion & {
  readonly resolve: (result: Registered) => void;
  readonly reject: (reason: unknown) => void;
};
/** `task` is null while there is nothing to do; the timer then ends the thread, else it ends the task. */
type Thread = {
  readonly worker: Worker;
  task: Task | null;
  timer: NodeJS.Timeout | undefined;
  /** The thread has read a large document, and still holds its memory. */
  isSpent: boolean;
};

/** The worker and the time limits of a deriver. */
export type DeriverSettings = {
  /**
   * The maximum time that the thread may compute for one document, in milliseconds: whether a good document is taken must
   * not depend on the load of the machine. At most twelve times as much time passes.
   */
  readonly deadline: number;
  /** The time after which an idle thread ends, in milliseconds. */
  readonly idle: number;
  /** The maximum memory of the thread, without the document itself. */
  readonly megabytes: number;
};

/** See `deriveInWorker`. */
export type Deriver = (bytes: Uint8Array, options: DeriveOptions, signal?: AbortSignal) => Promise<Registered>;

// The sources run as .ts, the package as .js.
const WORKER = new URL(`./derive-worker${extname(import.meta.url)}`, import.meta.url);
/** Megabytes of short-lived memory; the default would double the memory of the process. */
const YOUNG_MB = 16;
/** How many times as much time as it computes a thread may take on a machine under load. */
const MAX_LOAD_RATIO = 12;
const SHORTEST_WAIT_MS = 20;
/** Bytes of a document after which the thread ends, since it gives no memory back while it lives. */
const LARGE_BYTES = 1024 * 1024;

/**
 * Derives documents one at a time, on a thread that starts with the first document and does not keep the process alive.
 */
export function createDeriver({ deadline, idle, megabytes }: DeriverSettings): Deriver {
  const waiting: Task[] = [];
  let thread: Thread | null = null;

  const startNext = (): void => {
    if (thread?.task || waiting.length === 0) {
      return;
    }
    const task = waiting.shift() as Task;
    thread ??= startThread();
    const busy = thread;
    clearTimeout(busy.timer);
    busy.task = task;
    busy.isSpent ||= task.bytes.length > LARGE_BYTES;
    watch(busy, task);
    busy.worker.ref();
    const bytes = canBeHandedOver(task.bytes) ? task.bytes : new Uint8Array(task.bytes);
    busy.worker.postMessage({ bytes, options: task.options } satisfies DeriveQuestion, [bytes.buffer as ArrayBuffer]);
  };
  /** Ends the task when the thread has computed for long enough, or has had the chance to. */
  const watch = (busy: Thread, task: Task): void => {
    const ends = performance.now() + MAX_LOAD_RATIO * deadline;
    const before = computedMs(busy.worker);
    const wait = (ms: number): void => {
      busy.timer = setTimeout(() => void check(), Math.max(ms, SHORTEST_WAIT_MS));
    };
    const check = async (): Promise<void> => {
      // The thread may be where it cannot answer, such as in a parser.
      wait(ends - performance.now());
      const left = performance.now() >= ends ? 0 : deadline - ((await computedMs(busy.worker)) - (await before));
      if (busy.task !== task) {
        return;
      }
      clearTimeout(busy.timer);
      if (left <= 0) {
        refuse(busy, `takes longer than ${deadline / 1_000} s`);
      } else {
        wait(Math.min(left, ends - performance.now()));
      }
    };
    wait(deadline);
  };
  const startThread = (): Thread => {
    const resourceLimits = { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: YOUNG_MB };
    const started: Thread = {
      worker: new Worker(WORKER, { resourceLimits }),
      task: null,
      timer: undefined,
      isSpent: false,
    };
    started.worker.on('message', (reply: DeriveReply) => settle(started, reply));
    started.worker.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') {
        // The thread did not even start: no fault of the document.
        started.task?.reject(error);
      }
      refuse(started, 'takes too much memory', error);
    });
    started.worker.on('exit', () => refuse(started, 'cannot be read: the thread that read it stopped'));
    return started;
  };
  const settle = (done: Thread, reply: DeriveReply): void => {
    const { task } = done;
    done.task = null;
    clearTimeout(done.timer);
    if (task !== null) {
      answer(task, reply);
    }
    if (done.isSpent) {
      drop(done);
      return;
    }
    if (thread === done) {
      done.worker.unref();
      done.timer = setTimeout(() => drop(done), idle).unref();
    }
    startNext();
  };
  const refuse = (failed: Thread, why: string, cause?: unknown): void => {
    failed.task?.reject(new DocumentError(`The document ${why}.`, null, { cause }));
    drop(failed);
  };
  /** Ends the thread at once; the next document gets a new one. */
  const drop = (ended: Thread): void => {
    ended.task = null;
    clearTimeout(ended.timer);
    if (thread === ended) {
      thread = null;
      void ended.worker.terminate();
      startNext();
    }
  };

  return async (bytes, options, signal) => {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Registered>();
    // Whoever asked may be gone by then, as when the bytes could not be handed over: that must not end the process.
    promise.catch(() => undefined);
    const task: Task = { bytes, options, resolve, reject };
    const abort = (): void => {
      reject(signal?.reason);
      const place = waiting.indexOf(task);
      if (place >= 0) {
        waiting.splice(place, 1);
      } else if (thread?.task === task) {
        drop(thread);
      }
    };
    signal?.addEventListener('abort', abort);
    waiting.push(task);
    startNext();
    return promise.finally(() => signal?.removeEventListener('abort', abort));
  };
}

/**
 * Runs `derive` on its own thread, one document at a time, so that no document blocks or exhausts the process. The
 * bytes are transferred if possible: do not use them afterwards. Rejects with a DocumentError also if the document
 * takes more than 5 s of computing or too much memory, and with the signal's reason if it is aborted.
 *
 * The memory limit exceeds the needs of every document that `derive` accepts: a thread that runs out of memory may end
 * the whole process.
 */
export const deriveInWorker: Deriver = createDeriver({ deadline: 5_000, idle: 30_000, megabytes: 320 });

/** The same on another thread, for small documents: they do not wait for large documents of others. */
export const deriveSmallInWorker: Deriver = createDeriver({ deadline: 5_000, idle: 30_000, megabytes: 320 });

/** The time that a thread has computed, in milliseconds; 0 for one that is not running. */
const computedMs = async (worker: Worker): Promise<number> => {
  try {
    const { user, system } = await worker.cpuUsage();
    return (user + system) / 1_000;
  } catch {
    return 0;
  }
};

const canBeHandedOver = ({ buffer, byteLength }: Uint8Array): boolean =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !isMarkedAsUntransferable(buffer);

function answer(task: Task, reply: DeriveReply): void {
  if ('result' in reply) {
    task.resolve(reply.result);
  } else if ('refusal' in reply) {
    task.reject(new DocumentError(reply.refusal.message, reply.refusal.place));
  } else {
    task.reject(new DocumentError('The document cannot be read.', null, { cause: reply.failure }));
  }
}
