import { isObject, parseJson } from '../base/json.ts';
import { OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { type MayBeSent, NotSent } from '../base/not-sent.ts';
import { countedParsed } from '../base/parsed-bytes.ts';
import { IdleWatch } from '../egress/idle-watch.ts';
import {
  estimateMessageBytes,
  hasManyValues,
  isMessage,
  parseLargeMessage,
  protocolViolation,
  type ServerMessage,
} from './messages.ts';
import { PendingRequest } from './pending-request.ts';
import type { Pipe, PipeFailure, PipeReader } from './pipe.ts';
import { cancelledNotification, TOOLS_CHANGED } from './protocol.ts';
import { createRequestRefuser } from './refuse-requests.ts';
import { findAnsweredIds } from './request-ids.ts';

/** A request as it goes to the server. */
export type PipeRequest = {
  /** Nobody else's; progress is asked for under it too. */
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly mayBeSent?: MayBeSent | undefined;
};

/** A pipe that is open, and the requests under way through it. */
export type JsonRpcPipe = {
  /**
   * The notifications about a request as they come, and its response, which is the last. A caller who leaves earlier, or
   * whose signal says so, makes the server be told to cancel. Throws ServerFailed, OverBudget, NotSent, or the reason of
   * the signal.
   */
  readonly request: (request: PipeRequest, signal: AbortSignal) => AsyncGenerator<ServerMessage>;
  /** Sends a notification. */
  readonly notify: (message: object) => void;
  /** Notes that the server has introduced itself. */
  readonly introduced: () => void;
  /** How much has come that is no JSON-RPC message. */
  readonly strayCount: () => number;
  readonly close: () => Promise<void>;
};

export type JsonRpcPipeOptions = {
  /** The server's, for messages to people. */
  readonly name: string;
  /** Milliseconds without a word after which a request is given up. */
  readonly silence: number;
  readonly open: (reader: PipeReader) => Promise<Pipe>;
  /** Called when the server says that its tools have changed. */
  readonly onChanged: () => void;
  /** Called when the line has ended by itself; whoever waits has been told. */
  readonly onEnd: (failure: PipeFailure) => void;
  /** Begins to hold memory for whoever the line belongs to. Throws OverBudget. */
  readonly memory: () => MemoryScope;
};

/** Opens a line. Throws ServerFailed, or whatever `open` does. */
export async function openJsonRpcPipe({
  name,
  silence,
  open,
  onChanged,
  onEnd,
  memory,
}: JsonRpcPipeOptions): Promise<JsonRpcPipe> {
  const waiting = new Map<number, PendingRequest>();
  let strays = 0;
  /** The last of the messages that are read in turn. */
  let reading: Promise<void> | undefined;
  let ended: PipeFailure | undefined;

  const notify = (message: object): void => {
    // Whoever waits for an answer hears of a pipe that has broken in any case.
    void pipe.send(JSON.stringify(message)).catch(() => undefined);
  };

  const refuse = createRequestRefuser((answer) => pipe.send(JSON.stringify(answer)));

  /** Ids are the server's words, and may be anything that JSON has. */
  const waitingFor = (id: unknown): PendingRequest | undefined =>
    typeof id === 'number' ? waiting.get(id) : undefined;

  /** `bytes` are those of memory that the message counts. */
  const route = (message: ServerMessage, bytes: number): void => {
    const { id, method, params } = message;
    if (method === undefined) {
      waitingFor(id)?.add(message, bytes);
    } else if (id !== undefined) {
      refuse(message);
    } else if (method === TOOLS_CHANGED) {
      onChanged();
    } else if (isObject(params)) {
      waitingFor(params.progressToken)?.add(message, bytes);
    }
  };

  /** Fails the requests that a text may answer. */
  const failAnswered = (text: string, failure: Error): void => {
    for (const id of findAnsweredIds(text)) {
      waiting.get(id)?.fail(failure);
    }
  };

  /** What is no message some servers print where they should not. An answer that cannot be read fails its request. */
  const pass = (text: string): void => {
    strays += 1;
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

  /** A message, when those before it have been read and there is room for what it says: large ones take a while. */
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
    // From here on it is held by whoever it is for.
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
    // An answer may have come whole before the pipe ended.
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
    const asked = new PendingRequest(name, silence, memory);
    const listening = silence > 0 ? new IdleWatch(asked) : undefined;
    const abort = () => asked.fail(signal.reason);
    let isOver = false;
    let isUnsent = false;
    waiting.set(id, asked);
    signal.addEventListener('abort', abort, { once: true });
    try {
      // A server that does not read keeps the send waiting, and is given up for its silence.
      pipe.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }), mayBeSent).catch((error: unknown) => {
        isUnsent = error instanceof NotSent;
        asked.fail(error);
      });
      while (!isOver) {
        const message = await asked.next();
        listening?.noteActivity();
        isOver = message.method === undefined;
        yield message;
      }
    } finally {
      waiting.delete(id);
      asked.release();
      listening?.end();
      signal.removeEventListener('abort', abort);
      if (!isOver && !isUnsent && ended === undefined) {
        notify(cancelledNotification(id));
      }
    }
  }

  return { request, notify, introduced: () => pipe.introduced?.(), strayCount: () => strays, close: pipe.close };
}

/** Whether a message is read at once, in what every piece of work holds. */
const isSmall = (text: string, bytes: number): boolean => text.length <= SMALL_BYTES && countedParsed(bytes) === 0;
