import { parentPort, workerData } from 'node:worker_threads';
import { takeOpaque } from './take-opaque.ts';

const { bytes, key } = workerData as { bytes: Uint8Array; key: string };
try {
  const split = takeOpaque(bytes, key);
  parentPort?.postMessage({ split }, split.opaque === undefined ? [] : [split.opaque.buffer as ArrayBuffer]);
} catch (error) {
  parentPort?.postMessage({ failure: (error as Error).message, isSyntax: error instanceof SyntaxError });
}
