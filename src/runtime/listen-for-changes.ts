import { setTimeout as delay } from 'node:timers/promises';
import { createBackoff } from '../base/backoff.ts';
import { isObject } from '../base/is-object.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import type { BareConnection } from './connection.ts';
import { isEventStream, protocolViolation, readMessages, type ServerMessage } from './messages.ts';
import { TOOLS_CHANGED } from './protocol.ts';

/** The shortest and the longest wait between two attempts. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/** The parts of a connection over HTTP that this needs. */
type ListenedConnection = Pick<BareConnection, 'target' | 'discover' | 'session' | 'send'> & {
  readonly sendHttp: NonNullable<BareConnection['sendHttp']>;
  readonly memory: () => MemoryScope;
  /** Answers a request of the server. */
  readonly refuse: (request: ServerMessage) => void;
  /** Milliseconds without a byte after which a stream counts as lost; 0 for never. */
  readonly streamIdleTimeoutMs: number;
};

/**
 * Calls `onChanged` when a server reports changed tools, and after a time without a stream. Ends with the signal, or
 * if the server reports no changes.
 */
export async function listenForChanges(
  wire: ListenedConnection,
  onChanged: () => void,
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  let isFirst = true;
  while (!signal.aborted) {
    try {
      const stream = await open(wire, signal);
      if (stream === null) {
        return;
      }
      if (!isFirst) {
        onChanged();
      }
      isFirst = false;
      for await (const message of stream) {
        backoff.reset();
        if (message.method === TOOLS_CHANGED) {
          onChanged();
        } else if (message.method !== undefined && message.id !== undefined) {
          wire.refuse(message);
        }
      }
    } catch {
      // Callers that use the server learn of its failure. Here, only try again.
      isFirst = false;
    }
    await delay(backoff.nextMs(), undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** Opens the stream of notifications; null if the server has none. */
async function open(wire: ListenedConnection, signal: AbortSignal): Promise<AsyncIterable<ServerMessage> | null> {
  const facts = await wire.discover();
  if (facts !== null) {
    const params = { notifications: { toolsListChanged: true } };
    return tellsChanges(facts.description().capabilities)
      ? wire.send({ id: 0, method: 'subscriptions/listen', params }, 'stateless', signal)
      : null;
  }
  const session = await wire.session();
  if (session === null || !tellsChanges(session.description().capabilities)) {
    return null;
  }
  const answer = await wire.sendHttp({
    method: 'GET',
    headers: { accept: 'text/event-stream', ...session.headers },
    signal,
    idleTimeoutMs: wire.streamIdleTimeoutMs,
  });
  if (isEventStream(answer) && answer.status === 200) {
    return heard(wire, answer);
  }
  discard(answer);
  if (answer.status === 405) {
    return null;
  }
  throw protocolViolation(wire.target.name, `it answered with HTTP ${answer.status} and no stream of events`);
}

async function* heard({ target, memory }: ListenedConnection, answer: HttpAnswer): AsyncGenerator<ServerMessage> {
  using listening = memory();
  yield* readMessages(target.name, answer, listening);
}

/** Whether a server tells of changed tools. */
export const tellsChanges = ({ tools }: Readonly<Record<string, unknown>>): boolean =>
  isObject(tools) && tools.listChanged === true;
