import { setTimeout as delay } from 'node:timers/promises';
import { createBackoff } from '../base/backoff.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { discard } from '../egress/http-answer.ts';
import type { ServerSession } from './connection.ts';
import type { HttpRequests } from './http-requests.ts';
import { isEventStream, readMessages, type ServerMessage } from './messages.ts';

/** The shortest and the longest wait before a stream that has ended is opened again. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

type Attended = {
  /** The name of the server in messages to people. */
  readonly name: string;
  readonly send: HttpRequests['send'];
  readonly memory: () => MemoryScope;
  readonly streamIdleTimeoutMs: number;
  /** Answers a request of the server. */
  readonly refuse: (request: ServerMessage) => void;
  /** Whether the session is still the one in use. */
  readonly isInUse: () => Promise<boolean>;
};

/**
 * Keeps the stream of notifications of a session open, and answers the requests on it: a server may end a session whose
 * client does not answer a `ping`. Ends with the signal, with the session, or if the server has no such stream. Never
 * begins a session. Never rejects.
 */
export async function attendSession(
  { name, send, memory, streamIdleTimeoutMs, refuse, isInUse }: Attended,
  { headers }: Pick<ServerSession, 'headers'>,
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  while (!signal.aborted && (await isInUse())) {
    try {
      const accept = { accept: 'text/event-stream' };
      const answer = await send({
        method: 'GET',
        headers: { ...accept, ...headers },
        signal,
        idleTimeoutMs: streamIdleTimeoutMs,
      });
      if (answer.status !== 200 || !isEventStream(answer)) {
        discard(answer);
        return;
      }
      using listening = memory();
      for await (const message of readMessages(name, answer, listening)) {
        backoff.reset();
        if (message.method !== undefined && message.id !== undefined) {
          refuse(message);
        }
      }
    } catch {
      // Callers that use the server learn of its failure.
    }
    await delay(backoff.nextMs(), undefined, { signal, ref: false }).catch(() => undefined);
  }
}
