import type { ServerResponse } from 'node:http';
import { ApiError, CATALOGUE, overBudget } from '../base/errors.ts';
import { OverBudget } from '../base/memory-budget.ts';
import { MemoryScope } from '../base/memory-scope.ts';
import { NotSent } from '../base/not-sent.ts';
import { largeParsedBytes } from '../base/parsed-bytes.ts';
import type { GatewayOperationId } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { bearer } from '../http/authenticate.ts';
import type { Identified } from '../http/context.ts';
import { memoryOf } from '../http/memory.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { readBytes } from '../http/read-bytes.ts';
import { ServerFailed } from '../runtime/failed.ts';
import type { Era } from '../runtime/protocol.ts';
import { notInUse } from '../runtime/runtime.ts';
import { scopeKey } from '../tools/scope.ts';
import { type Began, type CallNote, recordCall } from './ended-calls.ts';
import { createEndpoints } from './endpoints.ts';
import { eraOf } from './eras.ts';
import { createLive, ENDPOINT_GONE, type Exchange } from './live.ts';
import { CODES, type Message, MOST_VALUES, RpcError, readMessage } from './message.ts';
import { renewable } from './renewable.ts';
import { linkHelp, listUser, sendJson, sendList, sendResult } from './reply.ts';
import type { Served, ServedService } from './served.ts';
import { isRequest, listTools, serveServer } from './server.ts';
import { answerRequest, besidesTools } from './service.ts';
import { type Asked, endSession, openStream } from './streams.ts';

/** Bytes that a message of a client may have. */
const LARGEST_MESSAGE = 4 * 1024 * 1024;

/** Answers a request of an MCP client; `token` is what stands in the path. */
type Handler = (request: Identified, response: ServerResponse, token: string | undefined) => Promise<void>;

/** The gateway: what MCP clients talk to. */
export function gatewayHandlers(deps: Deps, limit: RateLimit): Readonly<Record<GatewayOperationId, Handler>> {
  const endpoints = createEndpoints(deps);
  const live = createLive();

  /** Does what `serve` does for the endpoint of a token, as long as the token is good. */
  const forEndpoint =
    (place: 'path' | 'bearer', serve: (deps: Deps, asked: Asked) => Promise<void>): Handler =>
    async (request, response, inPath) => {
      const [token, apiToken] = place === 'path' ? [inPath, bearer(request)] : [bearer(request), undefined];
      const find = () => (token === undefined ? null : endpoints.find(token, apiToken));
      const changes = deps.store.changes();
      const finding = find();
      // Nearly always it is known, and there is nothing to wait for.
      const found = finding instanceof Promise ? await finding : finding;
      if (found === null) {
        throw noSuchEndpoint();
      }
      const { renew, isCurrent } = renewable(deps, find, { served: found, changes });
      const counting = limit(found.endpoint.id);
      if (counting !== undefined) {
        await counting;
      }
      let isStillServed = (_: Served): boolean => true;
      const exchange = live.begin(found.endpoint, async () => {
        const served = await find();
        return served !== null && isStillServed(served);
      });
      if (exchange === null) {
        throw new ApiError(
          'rate_limited',
          'This endpoint, or its organization, has as many requests under way as it may have.',
          {
            headers: { 'Retry-After': '1' },
          },
        );
      }
      response.once('close', () => {
        exchange.end(!response.writableFinished);
        request.memory?.release();
      });
      if (response.closed) {
        // The client left while its token was looked up: nothing will say so any more.
        exchange.end(true);
        return;
      }
      try {
        request.memory = new MemoryScope(deps.budget, found.organizationId, () => letGo(exchange, response));
        const listen = (): void => {
          const scope = scopeKey(found.endpoint.config);
          isStillServed = ({ endpoint }) => scopeKey(endpoint.config) === scope;
        };
        await serve(deps, { ...found, renew, isCurrent, listen, request, response, signal: exchange.signal });
      } catch (error) {
        const hasEnded = exchange.signal.aborted || deps.stopping.aborted;
        // A refusal is answered also when the endpoint was found to be gone before its request had arrived whole.
        if (hasEnded && !(error instanceof OverBudget || error instanceof ApiError)) {
          response.destroy();
          return;
        }
        throw error;
      }
    };

  return {
    sendToEndpoint: forEndpoint('path', sendMessage),
    openEndpointStream: forEndpoint('path', openStream),
    endEndpointSession: forEndpoint('path', endSession),
    sendWithBearer: forEndpoint('bearer', sendMessage),
    openStreamWithBearer: forEndpoint('bearer', openStream),
    endSessionWithBearer: forEndpoint('bearer', endSession),
  };
}

/** Ends what is under way, since its memory is needed by somebody else: with an error where none of an answer is sent. */
function letGo(exchange: Exchange, response: ServerResponse): void {
  exchange.abort(new OverBudget('share'));
  if (response.headersSent) {
    response.destroy();
  }
}

async function sendMessage(deps: Deps, asked: Asked): Promise<void> {
  const { request, response, signal } = asked;
  const note: CallNote = { responseBytes: 0 };
  let began: Began = { at: performance.now(), requestBytes: 0 };
  let message: Message | undefined;
  try {
    const memory = memoryOf(request);
    const bytes = await readBytes(request, response, Math.min(LARGEST_MESSAGE, memory.messageBytes), memory);
    const parsed = largeParsedBytes(bytes, MOST_VALUES);
    if (parsed > 0) {
      // The text that goes on to the server, and its value.
      await memory.hold('bodies', 0).reach(parsed, signal);
    }
    began = { ...began, requestBytes: bytes.length };
    const reading = readMessage(bytes, asked.organizationId, signal);
    message = reading instanceof Promise ? await reading : reading;
    await answer(deps, asked, message, note);
  } catch (error) {
    note.hasServerFailed = error instanceof ServerFailed;
    sendError(deps, asked, message, note, error);
  } finally {
    const without = response.destroyed ? 'client_gone' : 'internal';
    recordCall(deps, asked, note, began, signal.reason === ENDPOINT_GONE ? 'endpoint_gone' : without);
  }
}

/**
 * Answers a message by what its token serves now: the body may have taken its time. What changes while the message waits to
 * be sent has it decided about anew, so that a change holds from the moment it is made.
 */
async function answer(deps: Deps, asked: Asked, message: Message, note: CallNote): Promise<void> {
  for (;;) {
    const renewed = asked.renew();
    const served = renewed instanceof Promise ? await renewed : renewed;
    if (served === null) {
      throw noSuchEndpoint();
    }
    try {
      await answerBy(deps, asked, served, message, note);
      return;
    } catch (error) {
      if (!(error instanceof NotSent)) {
        throw error;
      }
      delete note.call;
    }
  }
}

async function answerBy(
  deps: Deps,
  asked: Asked,
  { endpoint, source }: Served,
  message: Message,
  note: CallNote,
): Promise<void> {
  const { request, response, signal, isCurrent } = asked;
  const era = eraOf(message, request.headers);
  if (message.method === 'subscriptions/listen') {
    asked.listen();
  }
  if (source.kind === 'service') {
    await serveService(deps, { ...asked, endpoint }, source, message, era, note);
    return;
  }
  const relayed = { served: source, endpointId: endpoint.id, message, era, request, response, signal, note };
  const connection = deps.runtime.connection(source.server);
  connection?.hold();
  try {
    if (connection !== null) {
      await serveServer(deps, { ...relayed, connection, mayBeSent: isCurrent });
    } else if (isRequest(message) && message.method === 'tools/list') {
      await listTools(deps, relayed, message);
    } else {
      throw notInUse(source.server.name);
    }
  } finally {
    connection?.release();
  }
}

/** One answer for what is unknown, expired, revoked or wants more: nobody learns which tokens there are. */
const noSuchEndpoint = (): ApiError =>
  new ApiError('unauthorized', 'This endpoint does not exist, has expired, or wants an API token.', {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });

async function serveService(
  deps: Deps,
  { endpoint, request, response, signal, isCurrent }: Asked,
  served: ServedService,
  message: Message,
  era: Era,
  note: CallNote,
): Promise<void> {
  const { id, method } = message;
  if (id === undefined || method === undefined) {
    response.writeHead(202).end();
    return;
  }
  if (method === 'tools/list') {
    using list = await served.list(listUser(response, signal));
    note.responseBytes = await sendList(request, response, signal, { id, list, besides: besidesTools(endpoint, era) });
    return;
  }
  const result = await answerRequest(
    deps,
    { endpoint, served, signal, note, memory: memoryOf(request), isCurrent },
    { ...message, id, method },
    era,
  );
  note.isError = result.isError === true;
  note.responseBytes = sendResult(request, response, id, result);
}

/** Says that there is no memory, and what became of the call. */
function noMemory(error: OverBudget, response: ServerResponse, { call }: CallNote): RpcError {
  const { code, message, headers } = overBudget(error);
  if (!response.headersSent) {
    response.setHeaders(new Map(Object.entries(headers)));
  }
  const text = call?.verdict === 'runs' ? `${message} The call may have been carried out.` : message;
  return new RpcError(CODES.serverFailed, text, { status: CATALOGUE[code].status });
}

/** Answers what the protocol has words for; everything else is thrown on. What comes too late ends the answer. */
function sendError(
  deps: Deps,
  { request, response, organizationId, endpoint, source }: Asked,
  message: Message | undefined,
  note: CallNote,
  error: unknown,
): void {
  const asRpc =
    error instanceof ServerFailed
      ? new RpcError(CODES.serverFailed, error.message, { status: 502 })
      : error instanceof OverBudget
        ? noMemory(error, response, note)
        : error;
  if (error instanceof ServerFailed) {
    const server = source.kind === 'server' ? source.server.id : endpoint.accountId;
    deps.failureLog.note(error, { organizationId, server, requestId: request.id });
  }
  if (!(asRpc instanceof RpcError)) {
    throw error;
  }
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { code, message: text, data } = asRpc;
  const status = asRpc.status ?? (code === CODES.invalidRequest ? 400 : 200);
  if (status !== 200) {
    linkHelp(response, deps.publicUrl, status);
  }
  const body = { jsonrpc: '2.0', error: { code, message: text, ...(data && { data }) }, id: message?.id ?? null };
  sendJson(request, response, status, JSON.stringify(body));
}
