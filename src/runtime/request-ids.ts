import { isObject } from '../base/is-object.ts';
import type { ScannedMessage } from './message-members.ts';
import { MessageScanner } from './message-scanner.ts';
import type { ServerMessage } from './messages.ts';

type Params = Readonly<Record<string, unknown>>;

/** The first byte of a JSON message that is not a batch. */
export const OPEN_OBJECT_CODE = 0x7b;
const NO_MESSAGE = { id: undefined, method: undefined, isError: undefined };

/**
 * Makes a counter for the request ids and progress tokens of one connection, from 1: some servers accept only
 * integers. A connection belongs to one organization, so the numbers reveal nothing about others.
 */
export function createRequestIds(): () => number {
  let count = 0;
  return () => ++count;
}

/**
 * Replaces the progress token of a request by the id of the gateway, and returns a function that restores it in
 * notifications.
 */
export function mapProgressToken(params: Params, own: number) {
  const meta = params._meta;
  const token = isObject(meta) ? meta.progressToken : undefined;
  /**
   * Restores the token of the caller in a notification; undefined for progress of another request, whose number may
   * equal the token of the caller.
   */
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
 * Writes a request as JSON under an id of the gateway. Uses existing JSON apart from its id: writing an argument
 * of 1 MB again takes as long as reading it.
 */
export function writeRequest(
  { id, method, params, json }: { id: unknown; method: string; params: Params; json?: Buffer | undefined },
  own: number,
): string | Buffer {
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},`);
  return json?.subarray(0, head.length).equals(head)
    ? Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${own},`), json.subarray(head.length)])
    : JSON.stringify({ jsonrpc: '2.0', id: own, method, params });
}

/** An answer in JSON with the id of the caller, and whether it is a failure. */
export type JsonAnswer = { readonly json: Buffer; readonly isError: boolean };

/**
 * Replaces the id of the gateway by the id of the caller in an answer; undefined if the JSON is not exactly that one
 * answer.
 */
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

/**
 * The characters at the start and at the end of a text in which ids are searched: some servers write the id after the
 * result.
 */
const HEAD_CHARS = 64 * 1024;
const TAIL_CHARS = 64;
const ID_AT_END = /"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;
/** The maximum number of ids of one text. */
const MAX_ANSWERED_IDS = 100;

/**
 * Finds the ids of the requests that a text answers, or begins to answer. Used for JSON that is invalid, or too large
 * for the memory.
 */
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
