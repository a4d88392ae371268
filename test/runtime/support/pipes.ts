import { once } from 'node:events';
import type { Pipe, PipeReader } from '../../../src/runtime/pipe.ts';
import type { ServerFailed } from '../../../src/runtime/server-failed.ts';
import type { RemotePipeTarget } from '../../../src/runtime/target.ts';
import type { Json } from '../../support/json.ts';

/** What a target of a test is sent with everything, and no message may hold. */
export const SECRET = 'Bearer s3cret-of-the-owner';
/** What a server of a test says, and no message may hold. */
export const SAID = 'said by the server';

/** A server as pipes connect to it. */
export function targetOf(url: string, changes: Partial<RemotePipeTarget> = {}): RemotePipeTarget {
  const { origin, pathname, search } = new URL(url);
  return {
    name: 'Scripted',
    transport: 'sse',
    origin,
    path: pathname + search,
    headers: { authorization: SECRET },
    idleTimeoutMs: 0,
    secrets: [],
    isShared: false,
    streamIdleTimeoutMs: 0,
    endsSession: false,
    ...changes,
  };
}

/** A reader that keeps what it reads. */
export type Heard = PipeReader & {
  readonly messages: string[];
  readonly endings: ServerFailed[];
  /** The next message that is not yet taken; rejects when the pipe ends before. */
  readonly next: () => Promise<Json>;
  /** Resolves when the pipe has ended by itself. */
  readonly end: () => Promise<ServerFailed>;
};

export function newReader(): Heard {
  const messages: string[] = [];
  const endings: ServerFailed[] = [];
  const told = new EventTarget();
  let taken = 0;
  const tell = () => told.dispatchEvent(new Event('told'));
  return {
    messages,
    endings,
    message: (text) => {
      messages.push(text);
      tell();
      return undefined;
    },
    alive: () => undefined,
    ended: (failure) => {
      endings.push(failure as ServerFailed);
      tell();
    },
    next: async () => {
      while (messages.length === taken) {
        if (endings[0] !== undefined) {
          throw endings[0];
        }
        await once(told, 'told');
      }
      taken += 1;
      return JSON.parse(messages[taken - 1] as string);
    },
    end: async () => {
      while (endings[0] === undefined) {
        await once(told, 'told');
      }
      return endings[0];
    },
  };
}

/** Introduces itself and asks for the tools: their names. */
export async function toolsThrough(pipe: Pipe, heard: Heard): Promise<string[]> {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const ask = async (id: number, method: string, params: object): Promise<Json> => {
    await pipe.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    for (;;) {
      const message = await heard.next();
      if (message.id === id && message.method === undefined) {
        return message.result;
      }
    }
  };
  await ask(1, 'initialize', params);
  await pipe.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
  const { tools } = await ask(2, 'tools/list', {});
  return tools.map(({ name }: { name: string }) => name);
}

/** What a promise is rejected with, in the words that a person would read; `kind: what`. */
export async function failureOf(failing: Promise<unknown>): Promise<string> {
  const error = await failing.then(
    () => new Error('It did not fail.'),
    (error) => error,
  );
  return toldOf(error);
}

/** A failure as `kind: message`, once it is seen to tell no secret. */
export function toldOf({ kind, message }: ServerFailed): string {
  if (message.includes(SECRET) || message.includes(SAID)) {
    throw new Error(`A message tells too much: ${message}`);
  }
  return `${kind}: ${message}`;
}
