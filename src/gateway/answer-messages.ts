import { isObject } from '../base/is-object.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { createStreamTurns } from '../base/stream-turns.ts';
import { writeJson } from '../base/unparsed.ts';
import { writeWithBackpressure } from '../base/write-with-backpressure.ts';
import type { Deps } from '../deps.ts';
import type { Mask } from '../runtime/mask.ts';
import type { ServerMessage } from '../runtime/messages.ts';
import type { Era } from '../runtime/protocol.ts';
import { isQuestion } from './ask-on.ts';
import type { ServerCall } from './call.ts';
import type { Answered } from './outcome.ts';
import { acceptOf, beginEvents, KEEP_ALIVE_MS, linkHelp, sendJson } from './reply.ts';

/** The code with which a server asks for a capability that the client lacks (2026-07-28, "Error codes"). */
const MISSING_CLIENT_CAPABILITY_CODE = -32_021;
/** The HTTP statuses that 2026-07-28 requires for errors of a server, by their codes ("Streamable HTTP"). */
const STATELESS_STATUSES: Readonly<Record<number, number>> = {
  [RPC_ERROR_CODES.methodNotFound]: 404,
  [MISSING_CLIENT_CAPABILITY_CODE]: 400,
};

/**
 * Returns the HTTP status of a response that has come without one: through a pipe, or from a server of the other era.
 */
const statusFor = (era: Era, { error }: ServerMessage): number =>
  (era === 'stateless' && isObject(error) && STATELESS_STATUSES[Number(error.code)]) || 200;

/**
 * Answers with messages as they come, the last one the response: as events, unless the response is all there is or all
 * that the client reads. The mask takes out what no client may read.
 */
export async function sendMessages(
  { publicUrl }: Pick<Deps, 'publicUrl'>,
  { request, response, era }: Pick<ServerCall, 'request' | 'response' | 'era'>,
  messages: AsyncIterable<ServerMessage>,
  mask: Mask | null,
): Promise<Answered> {
  const { events } = acceptOf(request);
  let answered: Answered = { isError: undefined, responseBytes: 0 };
  let alive: NodeJS.Timeout | undefined;
  let turn: ReturnType<typeof createStreamTurns> | undefined;
  try {
    for await (const message of messages) {
      const isResponse = message.method === undefined;
      const written = writeJson(message);
      const text = mask === null ? written : await mask.message(written, message);
      if (isResponse) {
        const responseBytes = Buffer.byteLength(text);
        answered = { isError: isFailure(message), responseBytes, isQuestion: isQuestion(message.result) };
      }
      if (isResponse && !response.headersSent) {
        const status = statusFor(era, message);
        if (status !== 200) {
          linkHelp(response, publicUrl, status);
        }
        sendJson(request, response, status, text);
        return answered;
      }
      if (isResponse || events) {
        if (!response.headersSent) {
          beginEvents(response);
          alive = setInterval(() => response.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
          turn = createStreamTurns();
        }
        await writeWithBackpressure(response, `event: message\ndata: ${text}\n\n`);
      }
      if (!isResponse) {
        await turn?.(text.length);
      }
    }
    response.end();
    return answered;
  } finally {
    clearInterval(alive);
  }
}

const isFailure = ({ error, result }: ServerMessage): boolean =>
  error !== undefined || (isObject(result) && result.isError === true);
