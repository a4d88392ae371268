import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StoreUnavailable } from '../errors.ts';
import type { Answer, SqlSession } from './dialect.ts';
import type { SlowReadQuestion, SlowReadReply } from './slow-read-messages.ts';

type Asker = { resolve: (answer: Answer) => void; reject: (error: unknown) => void };
type Thread = { worker: Worker; askers: Map<number, Asker> };

// The sources run as .ts, the package as .js.
const WORKER = new URL(`./slow-read-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Opens a read-only session on a worker thread. The thread starts with the first query and does not keep an idle
 * process alive. If it dies, pending queries fail with StoreUnavailable, and the next query starts a new thread.
 */
export function openSlowRead(path: string): SqlSession {
  let thread: Thread | null = null;
  let questions = 0;

  const start = (): Thread => {
    const started: Thread = { worker: new Worker(WORKER, { workerData: path }), askers: new Map() };
    started.worker.on('message', (reply: SlowReadReply) => settle(started, reply));
    const stopped = (cause: unknown): void => {
      if (thread === started) {
        thread = null;
      }
      const error = new StoreUnavailable('Storage is unavailable: the reading thread stopped.', { cause });
      for (const asker of started.askers.values()) {
        asker.reject(error);
      }
      started.askers.clear();
    };
    started.worker.on('error', stopped);
    started.worker.on('exit', stopped);
    return started;
  };

  return {
    execute: (sql, parameters) =>
      new Promise((resolve, reject) => {
        thread ??= start();
        const id = ++questions;
        thread.askers.set(id, { resolve, reject });
        thread.worker.ref();
        thread.worker.postMessage({ id, sql, parameters } satisfies SlowReadQuestion);
      }),
    inTransaction: () => false,
    async close() {
      await thread?.worker.terminate();
    },
  };
}

function settle({ worker, askers }: Thread, reply: SlowReadReply): void {
  const asker = askers.get(reply.id);
  askers.delete(reply.id);
  if (askers.size === 0) {
    worker.unref();
  }
  if ('answer' in reply) {
    asker?.resolve(reply.answer);
  } else {
    const { message, errcode } = reply.failure;
    asker?.reject(Object.assign(new Error(message), errcode === null ? {} : { errcode }));
  }
}
