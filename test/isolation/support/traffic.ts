import { setTimeout as delay } from 'node:timers/promises';
import type { Json } from '../../support/json.ts';
import type { AskOptions, ClientKind, TableClient } from '../../support/table/clients.ts';

/** What a client does over and over, and the time that each kind takes of all. */
const DEEDS: Readonly<Record<string, (ask: TableClient['ask']) => Promise<unknown>>> = {
  list: (ask) => ask('tools/list', {}),
  call: (ask) => ask('tools/call', { name: 'echo', arguments: { text: 'traffic' } }),
  large: (ask) => ask('tools/call', { name: 'echo', arguments: { text: 'x'.repeat(100_000) } }),
  progress: (ask) => ask('tools/call', { name: 'work', arguments: {} }, { onProgress: () => undefined }),
  resources: (ask) => ask('resources/read', { uri: 'table://watched' }),
  prompts: (ask) => ask('prompts/get', { name: 'greet' }),
  cancel: async (ask) => {
    const leaving = new AbortController();
    const held = ask('tools/call', { name: 'hold', arguments: {} }, { signal: leaving.signal });
    held.catch(() => undefined);
    await delay(50);
    leaving.abort();
  },
};
const NAMES = ['call', 'call', 'call', 'call', 'list', 'progress', 'resources', 'prompts', 'large', 'cancel'] as const;
const PAUSE_MS = 50;
/** A client is replaced by another of its kind after so many deeds. */
const LIFE_DEEDS = 200;

/** A deed of a client: its duration in milliseconds, and the error if it failed. */
export type Deed = { readonly ms: number; readonly error?: Json };

export type Traffic = {
  /** Sessions and connections of clients that are open now. */
  readonly open: () => number;
  readonly stop: () => Promise<void>;
};

/** A server, by the name of its kind. */
type Served = {
  readonly name: string;
  /** Mints an endpoint over it. */
  readonly mintUrl: () => Promise<string>;
};

/**
 * Lets one client of each kind work with each server, at an endpoint of its own: two clients without a session at one
 * endpoint may have the same ids, and then a cancellation may meet the other. `note` hears of each deed.
 */
export function startTraffic(
  clients: readonly ClientKind[],
  servers: readonly Served[],
  note: (server: string, deed: Deed) => void,
): Traffic {
  let isOver = false;
  let open = 0;
  let turn = 0;

  const work = async (kind: ClientKind, { name, mintUrl }: Served): Promise<void> => {
    const url = await mintUrl();
    let client: TableClient | undefined;
    const leave = async (): Promise<void> => {
      if (client !== undefined) {
        open -= 1;
        await client.close().catch(() => undefined);
        client = undefined;
      }
    };
    for (let deeds = 0; !isOver; deeds++) {
      const start = performance.now();
      try {
        if (client === undefined) {
          client = await kind.connect({ transport: 'STREAMABLE_HTTP', url });
          open += 1;
        }
        const deed = NAMES[turn++ % NAMES.length] as string;
        const within = AbortSignal.timeout(30_000);
        const { ask } = client;
        await DEEDS[deed]?.((method, params, options: AskOptions = {}) =>
          ask(method, params, { signal: within, ...options }),
        );
        note(name, { ms: performance.now() - start });
      } catch (error) {
        note(name, { ms: performance.now() - start, error });
        await leave();
      }
      if (deeds % LIFE_DEEDS === LIFE_DEEDS - 1) {
        await leave();
      }
      await delay(PAUSE_MS * (0.5 + Math.random()));
    }
    await leave();
  };
  const working = Promise.all(clients.flatMap((kind) => servers.map((server) => work(kind, server))));
  return {
    open: () => open,
    stop: async () => {
      isOver = true;
      await working;
    },
  };
}
