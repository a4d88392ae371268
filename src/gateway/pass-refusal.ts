import type { ServerResponse } from 'node:http';
import { parseJson } from '../base/json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { writeJson } from '../base/unparsed.ts';
import type { Deps } from '../deps.ts';
import type { HttpAnswer } from '../egress/http-answer.ts';
import type { Identified } from '../http/context.ts';
import type { Mask } from '../runtime/mask.ts';
import { readRefusal } from '../runtime/read-refusal.ts';
import { retryAfterOf } from '../runtime/retry-after.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import type { ServerCall } from './call.ts';
import type { Answered } from './outcome.ts';
import { linkHelp, sendJson } from './reply.ts';
import type { Result } from './results.ts';

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

/**
 * Answers with `work`. A failure with a JSON-RPC error of a server that is busy is answered with that error, masked, and
 * `Retry-After`, as `passRefusal` does.
 */
export async function passBusyErrors(
  { publicUrl }: Pick<Deps, 'publicUrl'>,
  { request, response, message }: Pick<ServerCall, 'request' | 'response' | 'message'>,
  mask: Mask | null,
  work: () => Promise<Answered>,
): Promise<Answered> {
  try {
    return await work();
  } catch (error) {
    const refusal = error instanceof ServerFailed ? error.refusal : undefined;
    if (!(error instanceof ServerFailed) || refusal === undefined || response.headersSent) {
      throw error;
    }
    const status = error.isRateLimited ? 429 : 502;
    linkHelp(response, publicUrl, status);
    if (error.retryAfterSeconds !== undefined) {
      response.setHeader('Retry-After', error.retryAfterSeconds);
    }
    const { error: said } = parseJson(refusal) as Result;
    const text = writeJson({ jsonrpc: '2.0', id: message.id, error: said });
    const responseBytes = sendJson(request, response, status, mask === null ? text : await mask.error(text));
    return { isError: true, responseBytes };
  }
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
