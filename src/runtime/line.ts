import { isObject, parseJson } from '../base/json.ts';
import { Listening } from '../egress/silence.ts';
import type { ServerFailed } from './failed.ts';
import { isMessage, notTheProtocol, type ServerMessage } from './messages.ts';
import type { Pipe, PipeReader } from './pipe.ts';
import { answerTo, cancelled, TOOLS_CHANGED } from './protocol.ts';
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

/** Opens a line. Throws ServerFailed, or whatever `open` does. */
export async function openLine({ name, silence, open, onChanged, onEnd }: LineOptions): Promise<Line> {
  const waiting = new Map<string, Waiting>();
  let strays = 0;
  let ended: ServerFailed | undefined;

  const tell = (message: object): void => {
    // Whoever waits for an answer hears of a pipe that has broken in any case.
    void pipe.send(JSON.stringify(message)).catch(() => undefined);
  };

  /** Ids are the server's words, and may be anything that JSON has. Ours are strings. */
  const waitingFor = (id: unknown): Waiting | undefined => (typeof id === 'string' ? waiting.get(id) : undefined);

  const route = (message: ServerMessage, size: number): void => {
    const { id, method, params } = message;
    if (method === undefined) {
      waitingFor(id)?.add(message, size);
    } else if (id !== undefined) {
      tell(answerTo(message));
    } else if (method === TOOLS_CHANGED) {
      onChanged();
    } else if (isObject(params)) {
      waitingFor(params.progressToken)?.add(message, size);
    }
  };

  /** What is no message some servers print where they should not. An answer that cannot be read fails its request. */
  const pass = (text: string): void => {
    strays += 1;
    for (const [id, one] of waiting) {
      if (text.includes(`"${id}"`)) {
        one.fail(notTheProtocol(name, 'its answer is no JSON-RPC message'));
      }
    }
  };

  const pipe = await open({
    message: (text) => {
      const value = parseJson(text);
      // Version 2025-03-26 lets a server send a batch.
      for (const message of Array.isArray(value) ? value : [value]) {
        if (isObject(message) && isMessage(message)) {
          route(message, text.length);
        } else {
          pass(text);
        }
      }
    },
    ended: (failure) => {
      ended = failure;
      for (const one of waiting.values()) {
        one.fail(failure);
      }
      onEnd(failure);
    },
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
