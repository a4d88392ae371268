import { extname } from 'node:path';
import { isMarkedAsUntransferable, Worker } from 'node:worker_threads';
import { DocumentError } from './errors.ts';
import type { DeriveOptions, ServiceFacts, Skipped } from './types.ts';

/** What is kept of a document. */
export type Registered = ServiceFacts & {
  readonly toolCount: number;
  readonly skipped: readonly Skipped[];
  /** For `readTools`. */
  readonly tools: Uint8Array;
};

export type DeriveQuestion = { readonly bytes: Uint8Array; readonly options: DeriveOptions };
export type DeriveReply =
  | { readonly result: Registered }
  | { readonly refusal: { readonly message: string; readonly place: string | null } }
  | { readonly failure: string };

type Task = DeriveQuestion & {
  readonly resolve: (result: Registered) => void;
  readonly reject: (reason: unknown) => void;
};
/** `task` is null while there is nothing to do; the timer then ends the thread, else it ends the task. */
type Thread = { readonly worker: Worker; task: Task | null; timer: NodeJS.Timeout | undefined };

// The sources run as .ts, the package as .js.
const WORKER = new URL(`./derive-worker${extname(import.meta.url)}`, import.meta.url);
/** Milliseconds that one document may take. */
const DEADLINE = 5_000;
/** Milliseconds after which a thread that has nothing to do ends. */
const IDLE = 30_000;
/** Megabytes. With the document itself and the rest of the process this stays below 500. */
const LIMITS = { maxOldGenerationSizeMb: 160, maxYoungGenerationSizeMb: 16 };

const waiting: Task[] = [];
let thread: Thread | null = null;

/**
 * `derive` on a thread of its own, one document at a time, so that no document holds up the process or exhausts it.
 * The bytes are handed over where they can be: do not use them afterwards. Rejects with a DocumentError also when the
 * document takes longer than 5 s or more memory than it may have, and with the signal's reason when that is aborted.
 */
export async function deriveInWorker(
  bytes: Uint8Array,
  options: DeriveOptions,
  signal?: AbortSignal,
): Promise<Registered> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Registered>();
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
}

function startNext(): void {
  if (thread?.task || waiting.length === 0) {
    return;
  }
  const busy = thread ?? startThread();
  const task = waiting.shift() as Task;
  thread = busy;
  clearTimeout(busy.timer);
  busy.task = task;
  busy.timer = setTimeout(() => refuse(busy, `takes longer than ${DEADLINE / 1_000} s`), DEADLINE);
  busy.worker.ref();
  const bytes = canBeHandedOver(task.bytes) ? task.bytes : new Uint8Array(task.bytes);
  busy.worker.postMessage({ bytes, options: task.options } satisfies DeriveQuestion, [bytes.buffer as ArrayBuffer]);
}

const canBeHandedOver = ({ buffer, byteLength }: Uint8Array): boolean =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !isMarkedAsUntransferable(buffer);

function startThread(): Thread {
  const worker = new Worker(WORKER, { resourceLimits: LIMITS });
  const started: Thread = { worker, task: null, timer: undefined };
  worker.on('message', (reply: DeriveReply) => settle(started, reply));
  worker.on('error', (error: NodeJS.ErrnoException) =>
    refuse(started, error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'takes too much memory' : 'cannot be read', error),
  );
  worker.on('exit', () => refuse(started, 'cannot be read: the thread that read it stopped'));
  return started;
}

function settle(done: Thread, reply: DeriveReply): void {
  const { task } = done;
  done.task = null;
  clearTimeout(done.timer);
  if (thread === done) {
    done.worker.unref();
    done.timer = setTimeout(() => drop(done), IDLE).unref();
  }
  if ('result' in reply) {
    task?.resolve(reply.result);
  } else if ('refusal' in reply) {
    task?.reject(new DocumentError(reply.refusal.message, reply.refusal.place));
  } else {
    task?.reject(new DocumentError('The document cannot be read.', null, { cause: reply.failure }));
  }
  startNext();
}

function refuse(failed: Thread, why: string, cause?: unknown): void {
  failed.task?.reject(new DocumentError(`The document ${why}.`, null, { cause }));
  drop(failed);
}

/** Ends the thread, whatever it does; the next document gets a new one. */
function drop(ended: Thread): void {
  ended.task = null;
  clearTimeout(ended.timer);
  if (thread === ended) {
    thread = null;
    void ended.worker.terminate();
    startNext();
  }
}
