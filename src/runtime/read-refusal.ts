import { isObject } from '../base/is-object.ts';
import { parseJson } from '../base/json.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import { isJson } from './messages.ts';

/** The maximum size of a refusal that is passed on, in bytes. */
export const MAX_REFUSAL_BYTES = 64 * 1024;

/** A JSON-RPC error of a server, as it was sent, and the id of the request that it answers. */
export type Refusal = { readonly text: string; readonly id: unknown };

/** Reads the JSON-RPC error in an answer, and discards the answer; null if there is none, or it is too long. */
export async function readRefusal(answer: HttpAnswer): Promise<Refusal | null> {
  try {
    const text = isJson(answer) ? await readText(answer) : null;
    const value = text === null ? undefined : parseJson(text);
    const isError = isObject(value) && isObject(value.error) && typeof value.error.code === 'number';
    return text !== null && isError ? { text, id: value.id } : null;
  } finally {
    discard(answer);
  }
}

async function readText({ body }: HttpAnswer): Promise<string | null> {
  if (Buffer.isBuffer(body)) {
    return body.toString('utf8');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REFUSAL_BYTES) {
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
