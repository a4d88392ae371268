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
  /** It has read a large document, and keeps the memory that it took. */
  isSpent: boolean;
};

export type DeriverSettings = {
  /** Milliseconds that one document may take. */
  readonly deadline: number;
  /** Milliseconds after which a thread that has nothing to do ends. */
  readonly idle: number;
  /** Memory that the thread may use beside the document itself. */
  readonly megabytes: number;
};

/** See `deriveInWorker`. */
export type Deriver = (bytes: Uint8Array, options: DeriveOptions, signal?: AbortSignal) => Promise<Registered>;

// The sources run as .ts, the package as .js.
const WORKER = new URL(`./derive-worker${extname(import.meta.url)}`, import.meta.url);
/** Megabytes of short-lived memory; the default would double what the process takes. */
const YOUNG_MB = 16;
/** Bytes of a document after which the thread ends, since it gives no memory back while it lives. */
const LARGE_BYTES = 1024 * 1024;

/** Documents derived one at a time, on a thread that starts with the first and does not keep the process alive. */
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
    busy.timer = setTimeout(() => refuse(busy, `takes longer than ${deadline / 1_000} s`), deadline);
    busy.worker.ref();
    const bytes = canBeHandedOver(task.bytes) ? task.bytes : new Uint8Array(task.bytes);
    busy.worker.postMessage({ bytes, options: task.options } satisfies DeriveQuestion, [bytes.buffer as ArrayBuffer]);
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
  /** Ends the thread, whatever it does; the next document gets a new one. */
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
 * `derive` on a thread of its own, one document at a time, so that no document holds up the process or exhausts it.
 * The bytes are handed over where they can be: do not use them afterwards. Rejects with a DocumentError also when the
 * document takes longer than 5 s or too much memory, and with the signal's reason when that is aborted.
 *
 * The memory is more than any document needs that `derive` lets through: a thread that runs out of it may end the
 * whole process.
 */
export const deriveInWorker: Deriver = createDeriver({ deadline: 5_000, idle: 30_000, megabytes: 320 });

/** The same on a thread of its own, for documents that are small: they do not wait for large ones of others. */
export const deriveSmallInWorker: Deriver = createDeriver({ deadline: 5_000, idle: 30_000, megabytes: 320 });

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
