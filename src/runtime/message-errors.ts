import { isObject } from '../base/is-object.ts';
import { readJson } from '../base/read-json.ts';

/** The maximum number of bytes of a message that is awaited completely, to determine its kind. */
export const MAX_WAITING_BYTES = 64 * 1024;

/** Determines the kind of a large message: its first member with a value. */
const KIND = /"(?:(error)|result|method)"\s*:\s*[^\sn]/;
/** The mark of an error in a large result, wherever it stands. Data that contains the mark is masked more, not less. */
const IS_ERROR = /"isError"\s{0,8}:\s{0,8}true/;
/** The maximum number of bytes of a mark or of a blank line, which the end of a chunk may split. */
export const MAX_MARK_BYTES = 32;

/** Whether a complete message reports an error; `jsonIn` finds its JSON in the text of the bytes. */
export const isErrorIn = (bytes: Buffer, jsonIn: (text: string) => string = (text) => text): boolean =>
  bytes.length > MAX_WAITING_BYTES
    ? beginsAsError(bytes) || IS_ERROR.test(bytes.toString('latin1'))
    : isError(jsonIn(bytes.toString('utf8')));

/** Whether the start of a large message shows an error, or does not show its kind yet. */
export function beginsAsError(start: Buffer): boolean {
  const [first, error] = KIND.exec(start.toString('latin1', 0, MAX_WAITING_BYTES)) ?? [];
  // A batch holds messages of any kind.
  const isBatch = /^(?:\s|data:|event:[^\n]*\n|id:[^\n]*\n)*\[/.test(start.toString('latin1', 0, MAX_MARK_BYTES));
  return first === undefined || error !== undefined || isBatch;
}

/** Whether a JSON text is a message or a batch that reports an error. Invalid JSON counts as one. */
function isError(json: string): boolean {
  try {
    const value: unknown = readJson(json);
    const messages: unknown[] = Array.isArray(value) ? value : [value];
    return messages.some((message) => !isObject(message) || saysError(message));
  } catch {
    return true;
  }
}

/** Whether a parsed message reports an error: a JSON-RPC error, or a result with `isError`. */
export const saysError = ({ error, result }: Readonly<Record<string, unknown>>): boolean =>
  (error ?? null) !== null || (isObject(result) && result.isError === true);

/** Whether a piece of a large result says that the result is an error. */
export const saysErrorIn = (bytes: Buffer): boolean => IS_ERROR.test(bytes.toString('latin1'));
