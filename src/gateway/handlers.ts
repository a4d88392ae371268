import { type Request, type Response, raw } from 'express';
import type { RawHandlers } from '../contract/register.ts';
import type { Deps } from '../deps.ts';
import { ApiError, type ErrorCode, helpLink } from '../errors.ts';
import { bearer } from '../http/authenticate.ts';
import { findServed } from './endpoints.ts';
import { eraOf } from './eras.ts';
import { CODES, RpcError, type RpcId, readMessage } from './message.ts';
import { answerRequest, type Served } from './serve.ts';

/** Bytes that a message may have. */
const LARGEST = 4 * 1024 * 1024;

/** The gateway: what MCP clients talk to. */
export const gatewayHandlers = (deps: Deps): Pick<RawHandlers, 'sendToEndpoint'> => ({
  sendToEndpoint: async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const served = await findServed(deps, String(request.params.token), bearer(request), gone.signal);
    if (served === null) {
      // One answer for what is unknown, expired, revoked or wants more: nobody learns which tokens there are.
      throw new ApiError('unauthorized', 'This endpoint does not exist, has expired, or wants an API token.', {
        headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
      });
    }
    await serve(deps, served, request, response);
  },
});

async function serve(deps: Deps, served: Served, request: Request, response: Response): Promise<void> {
  const bytes = await readBytes(request, response);
  let id: RpcId = null;
  try {
    const message = readMessage(bytes);
    id = message.id ?? null;
    const era = eraOf(message, request.headers);
    if (message.id === undefined) {
      response.status(202).end();
      return;
    }
    send(request, response, 200, { jsonrpc: '2.0', id, result: await answerRequest(served, message, era) });
  } catch (error) {
    if (!(error instanceof RpcError)) {
      throw error;
    }
    const { code, message, data } = error;
    const status = error.status ?? (code === CODES.invalidRequest ? 400 : 200);
    if (status !== 200) {
      response.set('Link', helpLink(deps.publicUrl, HELP[code] ?? 'malformed_request'));
    }
    send(request, response, status, { jsonrpc: '2.0', error: { code, message, ...(data && { data }) }, id });
  }
}

/** Where the catalogue speaks of an error of the protocol that has a status of its own. */
const HELP: Readonly<Record<number, ErrorCode>> = {
  [CODES.parseError]: 'malformed_json',
  [CODES.methodNotFound]: 'not_found',
};

const readRaw = raw({ type: () => true, limit: LARGEST });

function readBytes(request: Request, response: Response): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    readRaw(request, response, (error?: unknown) => {
      if ((error as { type?: string } | undefined)?.type === 'entity.too.large') {
        reject(new ApiError('body_too_large', `A message may have at most ${LARGEST / 1024 / 1024} MiB.`));
      } else if (error !== undefined) {
        reject(new ApiError('malformed_json', 'The body did not arrive whole, or is not encoded as it says.'));
      } else {
        resolve(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
      }
    });
  });
}

/** JSON, unless the client reads event streams only: then the same as one event. */
function send(request: Request, response: Response, status: number, body: object): void {
  const text = JSON.stringify(body);
  const accept = request.headers.accept ?? '*/*';
  const readsStreamsOnly = accept.includes('text/event-stream') && !/application\/(?:json|\*)|\*\/\*/.test(accept);
  if (readsStreamsOnly && status === 200) {
    response.status(200).type('text/event-stream').send(`event: message\ndata: ${text}\n\n`);
  } else {
    response.status(status).type('json').send(text);
  }
}
