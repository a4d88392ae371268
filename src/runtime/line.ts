import { isObject, parseJson } from '../base/json.ts';
import { Listening } from '../egress/silence.ts';
import type { ServerFailed } from './failed.ts';
import { isLarge, isMessage, notTheProtocol, readLarge, type ServerMessage } from './messages.ts';
import { ownIdsIn } from './own-ids.ts';
import { LONGEST_MESSAGE, type Pipe, type PipeReader } from './pipe.ts';
import { cancelled, TOOLS_CHANGED } from './protocol.ts';
import { createRefuser } from './refuse-requests.ts';
import { Waiting } from './waiting.ts';

/** A request as it goes to the server. */
export type LineRequest = {
  /** Nobody else's; progress is asked for under it too. */
  readonly id: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
};

/** A pipe that is open, and the requests under way through it. */
export type Line = {
  /**
   * The notifications about a request as they come, and its response, which is the last. A caller who leaves earlier, or
   * whose signal says so, makes the server be told to cancel. Throws ServerFailed, or the reason of the signal.
   */
  readonly ask: (request: LineRequest, signal: AbortSignal) => AsyncGenerator<ServerMessage>;
  /** Sends a notification. */
  readonly tell: (message: object) => void;
  /** Notes that the server has introduced itself. */
  readonly introduced: () => void;
  /** How much has come that is no JSON-RPC message. */
  readonly strays: () => number;
  readonly close: () => Promise<void>;
};

export type LineOptions = {
  /** The server's, for messages to people. */
  readonly name: string;
  /** Milliseconds without a word after which a request is given up. */
  readonly silence: number;
  readonly open: (reader: PipeReader) => Promise<Pipe>;
  /** Called when the server says that its tools have changed. */
  readonly onChanged: () => void;
  /** Called when the line has ended by itself; whoever waits has been told. */
  readonly onEnd: (failure: ServerFailed) => void;
};

/** Characters of messages that wait for a large one before them. */
const MOST_HELD = 2 * LONGEST_MESSAGE;

/** Opens a line. Throws ServerFailed, or whatever `open` does. */
export async function openLine({ name, silence, open, onChanged, onEnd }: LineOptions): Promise<Line> {
  const waiting = new Map<string, Waiting>();
  let strays = 0;
  /** The last of the messages that are read in turn, and the characters of all of them. */
  let reading: Promise<void> | undefined;
  let held = 0;
  let ended: ServerFailed | undefined;

  const tell = (message: object): void => {
    // Whoever waits for an answer hears of a pipe that has broken in any case.
    void pipe.send(JSON.stringify(message)).catch(() => undefined);
  };

  const refuse = createRefuser((answer) => pipe.send(JSON.stringify(answer)));

  /** Ids are the server's words, and may be anything that JSON has. Ours are strings. */
  const waitingFor = (id: unknown): Waiting | undefined => (typeof id === 'string' ? waiting.get(id) : undefined);

  const route = (message: ServerMessage, size: number): void => {
    const { id, method, params } = message;
    if (method === undefined) {
      waitingFor(id)?.add(message, size);
    } else if (id !== undefined) {
      refuse(message);
    } else if (method === TOOLS_CHANGED) {
      onChanged();
    } else if (isObject(params)) {
      waitingFor(params.progressToken)?.add(message, size);
    }
  };

  /** What is no message some servers print where they should not. An answer that cannot be read fails its request. */
  const pass = (text: string): void => {
    strays += 1;
    for (const id of ownIdsIn(text)) {
      waiting.get(id)?.fail(notTheProtocol(name, 'its answer is no JSON-RPC message'));
    }
  };

  const take = (text: string): void => {
    const value = parseJson(text);
    // Version 2025-03-26 lets a server send a batch.
    let isStray = false;
    for (const message of Array.isArray(value) ? value : [value]) {
      if (isObject(message) && isMessage(message)) {
        route(message, text.length);
      } else {
        isStray = true;
      }
    }
    if (isStray) {
      pass(text);
    }
  };

  /** A message, when those before it have been read: large ones take a while. */
  const takeInTurn = async (text: string, before: Promise<void> | undefined): Promise<void> => {
    await before;
    if (isLarge(text)) {
      await readLarge(name, text).then(
        (message) => route(message, text.length),
        () => pass(text),
      );
    } else {
      take(text);
    }
  };

  const end = (failure: ServerFailed): void => {
    ended = failure;
    for (const one of waiting.values()) {
      one.fail(failure);
    }
    onEnd(failure);
  };

  const pipe = await open({
    message: (text) => {
      if (ended !== undefined) {
        return;
      }
      if (reading === undefined && !isLarge(text)) {
        take(text);
        return;
      }
      held += text.length;
      if (held > MOST_HELD) {
        void pipe.close();
        end(notTheProtocol(name, `it sent more than ${MOST_HELD} characters while a large message was being read`));
        return;
      }
      const turn = takeInTurn(text, reading).finally(() => {
        held -= text.length;
        if (reading === turn) {
          reading = undefined;
        }
      });
      reading = turn;
    },
    // An answer may have come whole before the pipe ended.
    ended: (failure) => (reading === undefined ? end(failure) : void reading.then(() => end(failure))),
  });

  async function* ask({ id, method, params }: LineRequest, signal: AbortSignal): AsyncGenerator<ServerMessage> {
    signal.throwIfAborted();
    if (ended !== undefined) {
      throw ended;
    }
    const asked = new Waiting(name, silence);
    const listening = silence > 0 ? new Listening(asked) : undefined;
    const abort = () => asked.fail(signal.reason);
    let isOver = false;
    waiting.set(id, asked);
    signal.addEventListener('abort', abort, { once: true });
    try {
      // A server that does not read keeps the send waiting, and is given up for its silence.
      pipe.send(JSON.stringify({ jsonrpc: '2.0', id, method, params })).catch((error: unknown) => asked.fail(error));
      while (!isOver) {
        const message = await asked.next();
        listening?.heard();
        isOver = message.method === undefined;
        yield message;
      }
    } finally {
      waiting.delete(id);
      listening?.end();
      signal.removeEventListener('abort', abort);
      if (!isOver && ended === undefined) {
        tell(cancelled(id));
      }
    }
  }

  return { ask, tell, introduced: () => pipe.introduced?.(), strays: () => strays, close: pipe.close };
}
