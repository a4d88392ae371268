import { isObject } from '../base/json.ts';
import type { ScannedMessage } from './message-members.ts';
import { MessageScanner } from './message-scanner.ts';
import type { ServerMessage } from './messages.ts';

type Params = Readonly<Record<string, unknown>>;

/** What a message in JSON begins with that is no batch. */
export const OPEN_OBJECT_CODE = 0x7b;
const NO_MESSAGE = { id: undefined, method: undefined, isError: undefined };

/**
 * Counts the request ids, and progress tokens, of one connection, from 1: there are servers that know only integers. A
 * connection is one organization's, so that they tell nothing of others.
 */
export function createRequestIds(): () => number {
  let count = 0;
  return () => ++count;
}

/** Progress is asked for under an id of the gateway's own, and told under the caller's. */
export function mapProgressToken(params: Params, own: number) {
  const meta = params._meta;
  const token = isObject(meta) ? meta.progressToken : undefined;
  /** A notification in the caller's words; undefined for progress of another request, whose number may be the caller's too. */
  const restore = (message: ServerMessage): ServerMessage | undefined => {
    const told = message.params;
    if (!isObject(told) || typeof told.progressToken !== 'number') {
      return message;
    }
    return token !== undefined && told.progressToken === own
      ? { ...message, params: { ...told, progressToken: token } }
      : undefined;
  };
  return {
    params: token === undefined ? params : { ...params, _meta: { ...(meta as object), progressToken: own } },
    restore,
  };
}

/**
 * Writes a request as JSON under an own id. A text of it is used as it is, but for the id: to write an argument of 1 MB
 * again takes as long as to read it.
 */
export function writeRequest(
  { id, method, params, text }: { id: unknown; method: string; params: Params; text?: string | undefined },
  own: number,
): string {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},`;
  return text?.startsWith(head)
    ? `{"jsonrpc":"2.0","id":${own},${text.slice(head.length)}`
    : JSON.stringify({ jsonrpc: '2.0', id: own, method, params });
}

/** An answer in JSON with the caller's id in it, and whether it is a failure. */
export type JsonAnswer = { readonly json: Buffer; readonly isError: boolean };

/** The answer to the request with an own id, for a caller with another; undefined for what is not that one message. */
export function replaceAnswerId(json: Buffer, own: number, id: unknown): JsonAnswer | undefined {
  const messages: ScannedMessage[] = [];
  if (json[0] === OPEN_OBJECT_CODE) {
    new MessageScanner((message) => messages.push(message)).scan(json);
  }
  const [{ id: answered, method, isError } = NO_MESSAGE] = messages;
  const isAnswer = messages.length === 1 && method === undefined && Number(answered?.text) === own;
  if (!isAnswer || answered === undefined || isError === undefined) {
    return undefined;
  }
  const around = [json.subarray(0, answered.start), Buffer.from(JSON.stringify(id)), json.subarray(answered.end)];
  return { json: Buffer.concat(around), isError };
}

/** Characters of a text in which the ids of answers are looked for: in front, and where the id comes behind the result. */
const HEAD_CHARS = 64 * 1024;
const TAIL_CHARS = 64;
const ID_AT_END = /"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;
/** Ids that are taken from one text. */
const MAX_ANSWERED_IDS = 100;

/** The ids of requests that a text answers, or begins to: JSON that cannot be read, or for which there is no room. */
export function findAnsweredIds(text: string): number[] {
  const ids: number[] = [];
  const take = ({ id, method, hasVersion, isError }: ScannedMessage): void => {
    const isAnswer = method === undefined && (hasVersion || isError !== undefined);
    if (isAnswer && id !== undefined && ids.length < MAX_ANSWERED_IDS) {
      ids.push(Number(id.text));
    }
  };
  const scanner = new MessageScanner(take);
  scanner.scan(Buffer.from(text.slice(0, HEAD_CHARS)));
  take(scanner.current());
  const atEnd = text.length > HEAD_CHARS ? ID_AT_END.exec(text.slice(-TAIL_CHARS)) : null;
  return atEnd === null ? ids : [...ids, Number(atEnd[1])];
}
