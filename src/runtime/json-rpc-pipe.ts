import { isObject } from '../base/is-object.ts';
import { parseJson } from '../base/json.ts';
import { OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { type MayBeSent, NotSent } from '../base/not-sent.ts';
import { countedParsed } from '../base/parsed-bytes.ts';
import {
  estimateMessageBytes,
  hasManyValues,
  isMessage,
  parseLargeMessage,
  protocolViolation,
  type ServerMessage,
  withoutNullResult,
} from './messages.ts';
import { PendingRequest } from './pending-request.ts';
import type { Pipe, PipeFailure, PipeReader } from './pipe.ts';
import { cancelledNotification, TOOLS_CHANGED } from './protocol.ts';
import { createRequestRefuser } from './refuse-server-requests.ts';
import { findAnsweredIds } from './request-ids.ts';

/** A request to send through a pipe. */
export type PipeRequest = {
  /** Unique among the requests of the pipe; also the progress token. */
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly mayBeSent?: MayBeSent | undefined;
};

/** An open pipe, and its pending requests. */
export type JsonRpcPipe = {
  /**
   * Sends a request. Yields its notifications as they come, then its response. Sends a cancellation if the caller
   * leaves early or the signal is aborted. Throws ServerFailed, OverBudget, NotSent, or the reason of the signal.
   */
  readonly request: (request: PipeRequest, signal: AbortSignal) => AsyncGenerator<ServerMessage>;
  /** Sends a notification. */
  readonly notify: (message: object) => void;
  /** Notes that the server has introduced itself. */
  readonly introduced: () => void;
  /** Returns the number of received texts that are not JSON-RPC messages. */
  readonly strayCount: () => number;
  readonly close: () => Promise<void>;
};

/** The server, the pipe to open, and the observers. */
export type JsonRpcPipeOptions = {
  /** The name of the server in messages to people. */
  readonly name: string;
  /**
   * Milliseconds after which a request fails without a message that belongs to it or to no request; 0 for never.
   */
  readonly idleTimeoutMs: number;
  readonly open: (reader: PipeReader) => Promise<Pipe>;
  /** Called when the server reports changed tools. */
  readonly onChanged: () => void;
  /** Called when the pipe has ended by itself, after its pending requests have failed. */
  readonly onEnd: (failure: PipeFailure) => void;
  /** Begins to hold memory for the owner of the pipe. Throws OverBudget. */
  readonly memory: () => MemoryScope;
};

/** Opens a pipe. Throws ServerFailed, or the errors of `open`. */
export async function openJsonRpcPipe({
  name,
  idleTimeoutMs,
  open,
  onChanged,
  onEnd,
  memory,
}: JsonRpcPipeOptions): Promise<JsonRpcPipe> {
  const waiting = new Map<number, PendingRequest>();
  let strays = 0;
  /** The last of the messages that wait to be read in order. */
  let reading: Promise<void> | undefined;
  let ended: PipeFailure | undefined;

  const notify = (message: object): void => {
    // A pending request fails with the pipe in any case.
    void pipe.send(JSON.stringify(message)).catch(() => undefined);
  };

  const refuse = createRequestRefuser((answer) => pipe.send(JSON.stringify(answer)));

  /** A server may send any JSON value as an id. */
  const waitingFor = (id: unknown): PendingRequest | undefined =>
    typeof id === 'number' ? waiting.get(id) : undefined;

  /** Notes that the server has sent something that belongs to no request: any of those that wait may be the cause. */
  const noteSignOfLife = (): void => {
    for (const asked of waiting.values()) {
      asked.noteActivity();
    }
  };

  /** Passes a message to its request. `bytes` is its size in memory. */
  const route = (message: ServerMessage, bytes: number): void => {
    const { id, method, params } = message;
    if (method === undefined) {
      waitingFor(id)?.add(withoutNullResult(message), bytes);
    } else if (id !== undefined) {
      noteSignOfLife();
      refuse(message);
    } else if (method === TOOLS_CHANGED) {
      noteSignOfLife();
      onChanged();
    } else if (isObject(params) && params.progressToken !== undefined) {
      waitingFor(params.progressToken)?.add(message, bytes);
    } else {
      noteSignOfLife();
    }
  };

  /** Fails the requests whose ids a text contains as answered. */
  const failAnswered = (text: string, failure: Error): void => {
    for (const id of findAnsweredIds(text)) {
      waiting.get(id)?.fail(failure);
    }
  };

  /**
   * Some servers log to standard output. Ignores such text, but fails the requests whose ids it answers: their answer
   * cannot be read.
   */
  const pass = (text: string): void => {
    strays += 1;
    noteSignOfLife();
    failAnswered(text, protocolViolation(name, 'its answer is no JSON-RPC message'));
  };

  const take = (text: string, bytes: number): void => {
    const value = parseJson(text);
    // Version 2025-03-26 lets a server send a batch.
    const messages = Array.isArray(value) ? value : [value];
    let isStray = false;
    for (const message of messages) {
      if (isObject(message) && isMessage(message)) {
        route(message, Math.ceil(bytes / messages.length));
      } else {
        isStray = true;
      }
    }
    if (isStray) {
      pass(text);
    }
  };

  /** Reads a message after the messages before it, when there is memory for it: large ones take a while. */
  const takeInTurn = async (text: string, bytes: number, before: Promise<void> | undefined): Promise<void> => {
    await before;
    try {
      await (isSmall(text, bytes) ? take(text, bytes) : takeLarge(text, bytes));
    } catch (error) {
      if (!(error instanceof OverBudget)) {
        throw error;
      }
      failAnswered(text, error);
    }
  };

  const takeLarge = async (text: string, bytes: number): Promise<void> => {
    using room = memory();
    const held = room.hold('queues', 0, () => failAnswered(text, new OverBudget('share')));
    await held.waitToResize(bytes);
    const message = hasManyValues(text) ? await parseLargeMessage(name, text).catch(() => null) : undefined;
    // The request that receives the message holds its memory from here on.
    held.release();
    if (message === undefined) {
      take(text, bytes);
    } else if (message === null) {
      pass(text);
    } else {
      route(message, bytes);
    }
  };

  const end = (failure: PipeFailure): void => {
    ended = failure;
    for (const one of waiting.values()) {
      one.fail(failure);
    }
    onEnd(failure);
  };

  const pipe = await open({
    message: (text) => {
      if (ended !== undefined) {
        return undefined;
      }
      const bytes = estimateMessageBytes(text);
      if (reading === undefined && isSmall(text, bytes)) {
        take(text, bytes);
        return undefined;
      }
      const turn = takeInTurn(text, bytes, reading).finally(() => {
        if (reading === turn) {
          reading = undefined;
        }
      });
      reading = turn;
      return turn;
    },
    alive: noteSignOfLife,
    // A complete answer may have arrived before the pipe ended.
    ended: (failure) => (reading === undefined ? end(failure) : void reading.then(() => end(failure))),
  });

  async function* request(
    { id, method, params, mayBeSent }: PipeRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ServerMessage> {
    signal.throwIfAborted();
    if (ended !== undefined) {
      throw ended;
    }
    const asked = new PendingRequest(name, idleTimeoutMs, memory);
    const abort = () => asked.fail(signal.reason);
    const over = new AbortController();
    let isOver = false;
    let isUnsent = false;
    waiting.set(id, asked);
    signal.addEventListener('abort', abort, { once: true });
    try {
      // If a server does not read, the send waits, and the idle timeout fails the request.
      pipe
        .send(JSON.stringify({ jsonrpc: '2.0', id, method, params }), mayBeSent, over.signal)
        .catch((error: unknown) => {
          isUnsent = error instanceof NotSent;
          asked.fail(error);
        });
      while (!isOver) {
        const message = await asked.next();
        isOver = message.method === undefined;
        yield message;
      }
    } finally {
      waiting.delete(id);
      over.abort();
      asked.release();
      signal.removeEventListener('abort', abort);
      if (!isOver && !isUnsent && ended === undefined) {
        notify(cancelledNotification(id));
      }
    }
  }

  return { request, notify, introduced: () => pipe.introduced?.(), strayCount: () => strays, close: pipe.close };
}

/** Whether a message is read at once: it fits into the memory that every piece of work holds. */
const isSmall = (text: string, bytes: number): boolean => text.length <= SMALL_BYTES && countedParsed(bytes) === 0;
