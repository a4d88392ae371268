import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Split, takeOpaque } from './take.ts';

// The sources run as .ts, the package as .js.
const WORKER = new URL(`./split-worker${extname(import.meta.url)}`, import.meta.url);
/** Bytes from which parsing would hold up other requests. */
const LARGE = 1024 * 1024;
/** Megabytes that the parsed form of a large body may take. */
const LIMITS = { maxOldGenerationSizeMb: 224, maxYoungGenerationSizeMb: 32 };

type Reply = { readonly split: Split } | { readonly failure: string; readonly isSyntax: boolean };

/** Large bodies are parsed one after another: each may take as much memory as the limits allow. */
let last: Promise<unknown> = Promise.resolve();

/**
 * `takeOpaque`, for a large body on a thread of its own. Rejects with a SyntaxError or a TypeError as that throws them,
 * and with a SyntaxError when the body is too much to be parsed.
 */
export async function splitOpaque(bytes: Buffer, key: string): Promise<Split> {
  if (bytes.length < LARGE) {
    return takeOpaque(bytes, key);
  }
  const turn = last.then(() => splitInWorker(bytes, key));
  last = turn.catch(() => undefined);
  return turn;
}

async function splitInWorker(bytes: Buffer, key: string): Promise<Split> {
  const worker = new Worker(WORKER, { workerData: { bytes, key }, resourceLimits: LIMITS });
  try {
    const [reply] = (await once(worker, 'message')) as [Reply];
    if ('split' in reply) {
      return reply.split;
    }
    throw reply.isSyntax ? new SyntaxError(reply.failure) : new TypeError(reply.failure);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
      ? new SyntaxError('it is too large to be parsed')
      : error;
  } finally {
    void worker.terminate();
  }
}
