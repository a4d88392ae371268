import type { ServerResponse } from 'node:http';

/** Writes a piece of an answer. Resolves when the client can receive more, or has disconnected. */
export function writeWithBackpressure(response: ServerResponse, chunk: string | Uint8Array): Promise<void> | undefined {
  if (response.write(chunk) || response.closed) {
    return undefined;
  }
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}
