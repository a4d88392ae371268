import type { Connection, ConnectionOptions } from './connection.ts';
import { httpConnection } from './http-connection.ts';
import { pipeConnection } from './pipe-connection.ts';
import type { Target } from './target.ts';

/** A connection to a server, over whatever carries it. */
export function connect(options: ConnectionOptions, target: Target): Connection {
  const held = holding();
  const wire =
    target.transport === 'streamable_http' ? httpConnection(options, target) : pipeConnection(options, target);
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

/** Counts who holds something; `free` resolves when nobody does. */
function holding() {
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
