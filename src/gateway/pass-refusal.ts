import type { ServerResponse } from 'node:http';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { HttpAnswer } from '../egress/send-http.ts';
import type { Identified } from '../http/context.ts';
import type { Mask } from '../runtime/mask.ts';
import { readRefusal } from '../runtime/read-refusal.ts';
import { retryAfterOf } from '../runtime/retry-after.ts';
import { sendJson } from './reply.ts';

/**
 * Passes a refusal of a server back. A JSON-RPC error is sent with its secrets masked; anything else is replaced by
 * an error of the gateway. `Retry-After` is passed on. Returns the bytes.
 */
export async function passRefusal(
  { name: server, mask }: { readonly name: string; readonly mask: Mask | null },
  answer: HttpAnswer,
  request: Identified,
  response: ServerResponse,
  id: unknown,
): Promise<number> {
  const status = statusForClient(answer);
  passRetryAfter(response, answer);
  const refusal = await readRefusal(answer);
  if (refusal !== null) {
    return sendJson(request, response, status, mask === null ? refusal.text : await mask.error(refusal.text));
  }
  const why =
    status === 404 ? 'knows no such session, or has nothing at its URL' : `answered with HTTP ${answer.status}`;
  const error = { code: RPC_ERROR_CODES.serverFailed, message: `The MCP server '${server}' ${why}.` };
  return sendJson(request, response, status, JSON.stringify({ jsonrpc: '2.0', id, error }));
}

/** Tells the client how long the server wants it to wait. */
export function passRetryAfter(response: ServerResponse, answer: HttpAnswer): void {
  const seconds = retryAfterOf(answer);
  if (seconds !== undefined) {
    response.setHeader('Retry-After', seconds);
  }
}

/**
 * Returns the status for the client: a 4xx of the server stays, and everything else becomes 502. A 405 becomes 502,
 * because this URL supports POST.
 */
export const statusForClient = ({ status }: HttpAnswer): number =>
  status >= 400 && status < 500 && status !== 405 ? status : 502;
