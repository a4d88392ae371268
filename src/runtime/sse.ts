import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import type { OwnedDispatcher } from '../egress/send-http.ts';
import { isEventStream, isJson } from './messages.ts';
import type { Pipe, PipeFailure, PipeReader } from './pipe.ts';
import { connectionEnded, failureOfStatus, MAY_HAVE_RUN, pipeProtocolViolation } from './pipe-failures.ts';
import { countedBytes } from './pipe-memory.ts';
import { readEvents, type StreamEvent } from './read-events.ts';
import { sendToServer } from './send-to-server.ts';
import { ServerFailed } from './server-failed.ts';
import type { RemotePipeTarget } from './target.ts';

type Events = AsyncGenerator<StreamEvent>;

const SPOKEN = 'HTTP with SSE';
/** The maximum number of bytes of an answer that are read to keep its connection usable. */
const MAX_READ_ON_BYTES = 64 * 1024;

/**
 * Opens a pipe over HTTP with SSE (MCP 2024-11-05, "Transports"): messages come as events of one stream, and are
 * POSTed to the URL in its first `endpoint` event. Resolves when that URL is known; `reader` gets nothing before.
 * Throws ServerFailed, or the reason of `signal`, which limits only the opening.
 */
export async function openSse(
  egress: OwnedDispatcher,
  target: RemotePipeTarget,
  reader: PipeReader,
  signal: AbortSignal,
  memory: () => MemoryScope,
): Promise<Pipe> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const leave = (): void => ending.abort(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    const events = await begin(egress, target, ending.signal, memory);
    return pipeOf(egress, target, { reader, events, endpoint: await endpointOf(target, events), ending, memory });
  } catch (error) {
    ending.abort(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

async function begin(
  egress: OwnedDispatcher,
  target: RemotePipeTarget,
  signal: AbortSignal,
  memory: () => MemoryScope,
): Promise<Events> {
  const { name, streamIdleTimeoutMs: idleTimeoutMs } = target;
  const headers = { accept: 'text/event-stream' };
  const answer = await sendToServer({ egress, target, memory }, { method: 'GET', headers, signal, idleTimeoutMs });
  if (answer.status !== 200) {
    discard(answer);
    throw failureOfStatus(name, SPOKEN, answer.status);
  }
  if (!isEventStream(answer) || Buffer.isBuffer(answer.body)) {
    discard(answer);
    throw pipeProtocolViolation(name, SPOKEN, 'it answered with something that is no stream of events');
  }
  return eventsOf(name, answer.body, memory);
}

async function* eventsOf(server: string, body: Readable, memory: () => MemoryScope): Events {
  try {
    using scope = memory();
    const held = scope.hold('queues', 0, () => body.destroy(new OverBudget('share')));
    // The reader of an event holds its content.
    yield* readEvents(body, { longest: scope.messageBytes, held, bytesOf: ({ length }) => countedBytes(length) });
  } catch (error) {
    throw error instanceof RangeError ? pipeProtocolViolation(server, SPOKEN, error.message) : error;
  }
}

/** Waits for the path that receives messages. */
async function endpointOf({ name, origin, path }: RemotePipeTarget, events: Events): Promise<string> {
  for (let next = await events.next(); !next.done; next = await events.next()) {
    const { event, data } = next.value;
    if (event === 'endpoint') {
      const stream = new URL(origin + path);
      const endpoint = URL.parse(data, stream.href);
      // The credentials of the server would go there. The origins are not compared: the origin of a blob: URL is that
      // of the URL within it.
      if (endpoint?.protocol !== stream.protocol || endpoint.host !== stream.host) {
        throw pipeProtocolViolation(name, SPOKEN, 'it wants messages at another origin than its own');
      }
      return endpoint.pathname + endpoint.search;
    }
  }
  throw new ServerFailed(name, 'broken', 'ended its stream before it had said where messages go.');
}

type Opened = {
  readonly reader: PipeReader;
  readonly events: Events;
  readonly endpoint: string;
  /** Aborted at the end of the pipe: with its failure, or after `close` with the failure for pending requests. */
  readonly ending: AbortController;
  readonly memory: () => MemoryScope;
};

function pipeOf(
  egress: OwnedDispatcher,
  target: RemotePipeTarget,
  { reader, events, endpoint, ending, memory }: Opened,
): Pipe {
  const { name, idleTimeoutMs } = target;
  const { signal } = ending;

  const read = async (): Promise<void> => {
    await nextTurn();
    for await (const { event, data } of events) {
      // An event without data contains only the id for resuming.
      if (event === 'message' && data !== '' && !signal.aborted) {
        await reader.message(data);
      }
    }
    throw new ServerFailed(name, 'broken', `ended its stream; ${MAY_HAVE_RUN}.`);
  };
  /** Reads a message that comes as the answer to a POST: servers in use send responses there. */
  const readMessage = async ({ body }: HttpAnswer): Promise<void> => {
    try {
      using scope = memory();
      const held = scope.hold('queues', 0, () => end(new OverBudget('share')));
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of Buffer.isBuffer(body) ? [body] : body) {
        size += (chunk as Buffer).length;
        if (size > scope.messageBytes) {
          return;
        }
        await held.waitToResize(countedBytes(size), signal);
        chunks.push(chunk as Buffer);
      }
      const text = Buffer.concat(chunks).toString('utf8');
      // Others only say that they have got the message.
      if (text.includes('"jsonrpc"')) {
        await reader.message(text);
      }
    } catch {
      // The request that waits for it fails in its own time.
    }
  };
  const end = (failure: PipeFailure): void => {
    if (!signal.aborted) {
      ending.abort(failure);
      reader.ended(failure);
    }
  };
  const reading = read().catch(end);

  return {
    send: async (message, mayBeSent, until) => {
      if (signal.aborted) {
        throw connectionEnded(name);
      }
      using scope = message.length > SMALL_BYTES ? memory() : undefined;
      await scope?.hold('queues', 0, () => end(new OverBudget('share'))).waitToResize(message.length, signal);
      const headers = { 'content-type': 'application/json' };
      // Some servers answer the POST of a request after the request: only the request itself has an idle timeout.
      const limits =
        until === undefined
          ? { signal, idleTimeoutMs }
          : { signal: AbortSignal.any([signal, until]), idleTimeoutMs: 0 };
      const request = { method: 'POST', headers, body: message, mayBeSent, ...limits } as const;
      const answer = await sendToServer({ egress, target: { ...target, path: endpoint }, memory }, request);
      void (answer.status === 200 && isJson(answer) ? readMessage(answer) : readOn(answer));
      if (answer.status < 200 || answer.status > 299) {
        throw failureOfStatus(name, SPOKEN, answer.status);
      }
    },
    close: async () => {
      ending.abort(new ServerFailed(name, 'broken', `was left; ${MAY_HAVE_RUN}.`));
      await reading;
    },
  };
}

/** Reads an answer to its end, so that its connection can be used again. Its content does not matter. */
async function readOn({ body }: HttpAnswer): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of Buffer.isBuffer(body) ? [] : body) {
      size += (chunk as Buffer).length;
      if (size > MAX_READ_ON_BYTES) {
        return;
      }
    }
  } catch {
    // Only the status of the answer is needed.
  }
}
