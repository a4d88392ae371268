import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createFairLimiter } from '../base/fair-queue.ts';
import { type Split, takeOpaque } from './take-opaque.ts';

// The sources run as .ts, the package as .js.
const WORKER = new URL(`./split-opaque-worker${extname(import.meta.url)}`, import.meta.url);
/** Bytes from which parsing would hold up other requests. */
const LARGE_BODY_BYTES = 1024 * 1024;
/** Megabytes that the parsed form of a large body may take. */
const LIMITS = { maxOldGenerationSizeMb: 224, maxYoungGenerationSizeMb: 32 };

type Reply = { readonly split: Split } | { readonly failure: string; readonly isSyntax: boolean };

/** Large bodies of one owner that wait to be parsed. */
const MAX_WAITING_BODIES = 16;
/** Large bodies are parsed one after another, since each may take as much memory as the limits allow. Owners take turns. */
const turns = createFairLimiter({ slots: 1, slotsPerOwner: 1, mostWaiting: MAX_WAITING_BODIES });

/**
 * `takeOpaque` for a large body, on its own thread. Rejects with the SyntaxError or TypeError of `takeOpaque`, with a
 * SyntaxError if the body is too large to parse, and with QueueFull if too many requests of the owner wait.
 */
export async function splitOpaque(bytes: Buffer, key: string, owner: string): Promise<Split> {
  if (bytes.length < LARGE_BODY_BYTES) {
    return takeOpaque(bytes, key);
  }
  return turns.run(owner, () => splitInWorker(bytes, key));
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
