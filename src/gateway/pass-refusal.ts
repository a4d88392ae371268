import type { ServerResponse } from 'node:http';
import { isObject } from '../base/json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { HttpAnswer } from '../egress/send-http.ts';
import type { Identified } from '../http/context.ts';
import type { Mask } from '../runtime/mask.ts';
import { isJson } from '../runtime/messages.ts';

import { sendJson } from './reply.ts';

/** The maximum size of a refusal that is passed on, in bytes. */
export const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Passes a refusal of a server back. A JSON-RPC error is sent with its secrets masked; anything else is replaced by
 * an error of the gateway. Returns the bytes.
 */
export async function passRefusal(
  { name: server, mask }: { readonly name: string; readonly mask: Mask | null },
  answer: HttpAnswer,
  request: Identified,
  response: ServerResponse,
  id: unknown,
): Promise<number> {
  const status = statusForClient(answer);
  const text = isJson(answer) ? await wordsOf(answer) : null;
  if (text !== null && isRefusal(text)) {
    return sendJson(request, response, status, mask === null ? text : await mask.error(text));
  }
  const why =
    status === 404 ? 'knows no such session, or has nothing at its URL' : `answered with HTTP ${answer.status}`;
  const error = { code: RPC_ERROR_CODES.serverFailed, message: `The MCP server '${server}' ${why}.` };
  return sendJson(request, response, status, JSON.stringify({ jsonrpc: '2.0', id, error }));
}

/**
 * Returns the status for the client: a 4xx of the server stays, and everything else becomes 502. A 405 becomes 502,
 * because this URL supports POST; so does a 429, because the limits are not those of this URL.
 */
export const statusForClient = ({ status }: HttpAnswer): number =>
  status >= 400 && status < 500 && status !== 405 && status !== 429 ? status : 502;

/** Reads the body of a refusal; null if it is too long. */
async function wordsOf({ body }: HttpAnswer): Promise<string | null> {
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

function isRefusal(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isObject(value.error) && typeof value.error.code === 'number';
  } catch {
    return false;
  }
}
