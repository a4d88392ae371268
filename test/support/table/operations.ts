import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../json.ts';
import type { TableClient } from './clients.ts';
import type { TableServer } from './servers.ts';

/** A client at a server, directly or through the gateway. */
export type Place = {
  readonly server: TableServer;
  client: TableClient;
  /** Connects the client anew. */
  readonly connect: () => Promise<TableClient>;
};
export type Operation = {
  /** The column of the page. */
  readonly name: string;
  /** Whether a server is said to be capable of it. */
  readonly isAdvertised: (capabilities: Json) => boolean;
  /** Returns the value to compare. Rejects if it is refused. */
  readonly run: (place: Place) => Promise<unknown>;
  /** The best value, where no client need get it directly; and the value where the protocol has no error. */
  readonly best?: string;
  readonly nothing?: string;
};

/** Milliseconds for which something is waited for that may never come, and that a restarted server is given. */
const PATIENCE_MS = 1000;
const RESTART_MS = 5000;

async function until(condition: () => boolean | Promise<boolean>, withinMs = PATIENCE_MS): Promise<boolean> {
  for (const end = performance.now() + withinMs; performance.now() < end; await delay(10)) {
    if (await condition()) {
      return true;
    }
  }
  return false;
}

const always = () => true;

const listAndCall = async ({ client, server }: Place): Promise<unknown> => {
  const listed = await client.ask('tools/list', {});
  if (listed._meta?.['gatehouse/stale'] !== undefined) {
    throw new Error('The list is stale.');
  }
  return [listed.tools, await client.ask('tools/call', server.asked.echo)];
};

/** A client begins a new session when it is told, with HTTP 404, that its session is lost, or its connection is. */
const isConnectionLost = (error: Json): boolean =>
  error.code === 404 || error.status === 404 || /closed|not connected|\b404\b/i.test(String(error.message));

const AS_BEFORE = 'as before';
const NO_UPDATE = 'no update comes';
const NO_LOG = 'no log messages come';

async function restart(place: Place): Promise<string> {
  const { server, connect } = place;
  const before = await listAndCall(place);
  await server.restart(place.client);
  let failure: unknown;
  for (const end = performance.now() + RESTART_MS; performance.now() < end; await delay(50)) {
    try {
      const after = await listAndCall(place);
      return isDeepStrictEqual(after, before) ? AS_BEFORE : 'otherwise than before';
    } catch (error) {
      failure = error;
      if (isConnectionLost(error)) {
        await place.client.close().catch(() => undefined);
        place.client = await connect();
      }
    }
  }
  throw failure;
}

/** The columns of the table, in this order. The restart comes last: the others would miss what it ends. */
export const OPERATIONS: readonly Operation[] = [
  { name: 'list', isAdvertised: always, run: ({ client }) => client.ask('tools/list', {}) },
  { name: 'call', isAdvertised: always, run: ({ client, server }) => client.ask('tools/call', server.asked.echo) },
  {
    name: 'resources',
    isAdvertised: ({ resources }) => resources !== undefined,
    run: async ({ client, server }) => [
      await client.ask('resources/list', {}),
      await client.ask('resources/templates/list', {}),
      await client.ask('resources/read', { uri: server.asked.resource }),
    ],
  },
  {
    name: 'prompts',
    isAdvertised: ({ prompts }) => prompts !== undefined,
    run: async ({ client, server }) => [
      await client.ask('prompts/list', {}),
      await client.ask('prompts/get', { name: server.asked.prompt }),
    ],
  },
  {
    name: 'completion',
    isAdvertised: ({ completions }) => completions !== undefined,
    run: ({ client, server }) => client.ask('completion/complete', server.asked.completion),
  },
  {
    name: 'progress',
    isAdvertised: always,
    run: async ({ client, server }) => {
      const heard: unknown[] = [];
      const result = await client.ask('tools/call', server.asked.work, {
        onProgress: ({ progress, total }) => void heard.push([progress, total]),
      });
      return [heard, result];
    },
  },
  {
    name: 'cancel',
    isAdvertised: always,
    run: async ({ client, server }) => {
      const before = await server.counts(client);
      const leaving = new AbortController();
      const held = client.ask('tools/call', server.asked.hold, { signal: leaving.signal });
      const refused = held.then(
        () => 'answered',
        (error) => error,
      );
      const isHeld = await until(async () => (await server.counts(client)).held > before.held);
      if (!isHeld) {
        throw await Promise.race([refused, 'The call has not reached the server.']);
      }
      leaving.abort();
      const isTold = await until(async () => (await server.counts(client)).cancelled > before.cancelled);
      return [
        isTold ? 'the server is told' : 'the server is not told',
        await client.ask('tools/call', server.asked.echo),
      ];
    },
  },
  {
    name: 'subscribe',
    isAdvertised: ({ resources }) => resources?.subscribe === true,
    run: async ({ client, server }) => {
      await client.subscribe(server.asked.resource);
      await client.ask('tools/call', server.asked.touch);
      const isHeard = await until(() => client.heard.includes('notifications/resources/updated'));
      return isHeard ? 'the update comes' : NO_UPDATE;
    },
    nothing: NO_UPDATE,
  },
  {
    name: 'log',
    isAdvertised: ({ logging }) => logging !== undefined,
    run: async ({ client, server }) => {
      const meta = await client.wantLog();
      const { log } = server.asked;
      await client.ask('tools/call', Object.keys(meta).length === 0 ? log : { ...log, _meta: meta });
      const isHeard = await until(() => client.heard.includes('notifications/message'));
      return isHeard ? 'log messages come' : NO_LOG;
    },
    nothing: NO_LOG,
  },
  { name: 'restart', isAdvertised: always, run: restart, best: AS_BEFORE },
];
