import type { Connection, ConnectionOptions } from './connection.ts';
import { createHttpConnection } from './http-connection.ts';
import { createPipeConnection } from './pipe-connection.ts';
import type { Target } from './target.ts';

/** Creates a connection to a server over its transport. Nothing is sent before the first request. */
export function connect(options: ConnectionOptions, target: Target): Connection {
  const held = createHoldCount();
  const wire =
    target.transport === 'streamable_http'
      ? createHttpConnection(options, target)
      : createPipeConnection(options, target);
  return {
    ...wire,
    hold: held.hold,
    release: held.release,
    retire: async () => {
      await held.free();
      await wire.close();
    },
  };
}

/** Counts holders; `free` resolves when there are none. */
function createHoldCount() {
  let count = 0;
  let onFree: (() => void) | undefined;
  return {
    hold: () => {
      count += 1;
    },
    release: () => {
      count -= 1;
      if (count === 0) {
        onFree?.();
      }
    },
    free: () =>
      new Promise<void>((resolve) => {
        onFree = resolve;
        if (count === 0) {
          resolve();
        }
      }),
  };
}
