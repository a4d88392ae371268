import type { ServerResponse } from 'node:http';
import { type ApiError, CATALOGUE, overBudget } from '../base/errors.ts';
import { measureJson } from '../base/fast/measure-json.ts';
import { OverBudget } from '../base/memory-budget.ts';
import { bytesOfValues, countedParsed } from '../base/parsed-bytes.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Deps } from '../deps.ts';
import { headersOf } from '../http/errors.ts';
import { memoryOf } from '../http/memory.ts';
import { readBytes } from '../http/read-bytes.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import { answerMessage } from './answer-message.ts';
import { admitToBatch, BatchAnswer, isBatch, splitBatch } from './batch.ts';
import type { EndpointRequest } from './call.ts';
import { isStateless } from './eras.ts';
import type { EventPart } from './event-part.ts';
import { HoldableAnswer } from './hold-call.ts';
import { ENDPOINT_GONE, REQUEST_CANCELLED } from './in-flight.ts';
import { MAX_MESSAGE_VALUES, type Message, RpcError, readMessage } from './message.ts';
import { AnswerFailed, type Outcome, recordCall } from './outcome.ts';
import { acceptOf, beginEvents, EVENT_STREAM, sendRpcError } from './reply.ts';

/** JSON may not begin with it, and libraries ignore it (RFC 8259, section 8.1). */
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Answers what a client has posted: a message, or a batch of them. Records the outcomes. */
export async function sendMessage(deps: Deps, asked: EndpointRequest): Promise<void> {
  const { request, response } = asked;
  const at = performance.now();
  let bytes: Buffer;
  let batch: readonly Buffer[] | null = null;
  try {
    const memory = memoryOf(request);
    bytes = await readBytes(request, response, Math.min(MAX_MESSAGE_BYTES, memory.messageBytes), memory);
    if (BYTE_ORDER_MARK.equals(bytes.subarray(0, BYTE_ORDER_MARK.length))) {
      bytes = bytes.subarray(BYTE_ORDER_MARK.length);
    }
    if (isBatch(request, bytes)) {
      // Its text, and its messages.
      await memory.hold('bodies', 0).waitToResize(2 * bytes.length, asked.signal);
      batch = await splitBatch(request, bytes);
    }
  } catch (error) {
    sendError(deps, asked, undefined, new AnswerFailed(error));
    return;
  }
  await (batch === null ? answerOne(deps, asked, bytes, { at }) : answerBatch(deps, asked, batch, at));
}

/**
 * Answers the messages of a batch one after the other, each as if it had come alone (MCP 2025-03-26, "Batching"). The
 * rate limit counts every message, and refuses only those that exceed it.
 */
async function answerBatch(deps: Deps, asked: EndpointRequest, batch: readonly Buffer[], at: number): Promise<void> {
  const { request, response, signal } = asked;
  const answers = new BatchAnswer(response);
  for (const [index, bytes] of batch.entries()) {
    signal.throwIfAborted();
    // The first was counted as the request.
    const count = index === 0 ? undefined : asked.count;
    const cancelling = new AbortController();
    const ofPart = {
      signal: AbortSignal.any([signal, cancelling.signal]),
      nameIt: (id: string): void => asked.nameIt(id, () => cancelling.abort(REQUEST_CANCELLED)),
    };
    await answers.add(request, (part) =>
      answerOne(deps, { ...asked, ...ofPart, response: part }, bytes, { at, part, count }),
    );
  }
  answers.end();
}

/** A message of a request: the time at which its request came, and of a batch its place in the answer, and its count. */
type Arrived = {
  readonly at: number;
  readonly part?: EventPart;
  readonly count?: EndpointRequest['count'] | undefined;
};

/** Answers one message, and records the outcome. */
async function answerOne(
  deps: Deps,
  asked: EndpointRequest,
  bytes: Buffer,
  { at, part, count }: Arrived,
): Promise<void> {
  const { request, signal } = asked;
  using place = new HoldableAnswer(request, asked.response);
  let message: Message | undefined;
  let ended: Outcome | AnswerFailed = null;
  try {
    const size = measureJson(bytes, MAX_MESSAGE_VALUES);
    const parsed = countedParsed(bytesOfValues(bytes.length, size.values));
    if (parsed > 0) {
      // The text that is passed on to the server, and its parsed value.
      await memoryOf(request).hold('bodies', 0).waitToResize(parsed, signal);
    }
    const reading = readMessage(bytes, asked.organizationId, signal, size);
    message = reading instanceof Promise ? await reading : reading;
    if (part !== undefined) {
      admitToBatch(part, message);
    }
    await count?.()?.catch((error: ApiError) => {
      throw new RpcError(RPC_ERROR_CODES.refused, error.message);
    });
    noteId(asked, message);
    ended = await answerMessage(deps, asked, message, { place, until: at + deps.approvalHoldMs });
  } catch (error) {
    ended = error instanceof AnswerFailed ? error : new AnswerFailed(error);
    const { response } = place;
    if (signal.reason === REQUEST_CANCELLED) {
      endCancelled(deps, { ...asked, response }, message);
    } else {
      sendError(deps, { ...asked, response }, message, ended);
    }
  } finally {
    const without = asked.response.destroyed || signal.reason === REQUEST_CANCELLED ? 'client_gone' : 'internal';
    const began = { at, requestBytes: bytes.length };
    recordCall(deps, asked, ended, began, signal.reason === ENDPOINT_GONE ? 'endpoint_gone' : without);
  }
}

/**
 * Notes the id of a request without a session, or cancels the one that a notification names. In a session, the server
 * knows the ids of its client. A client speaks one era: its notifications never meet a request of the other one.
 */
function noteId({ request, nameIt, cancel }: EndpointRequest, message: Message): void {
  if (request.headers['mcp-session-id'] !== undefined) {
    return;
  }
  const { id, method, params } = message;
  const nameOf = (named: unknown): string => `${isStateless(message, request.headers)} ${JSON.stringify(named)}`;
  if (id !== undefined) {
    nameIt(nameOf(id));
  } else if (method === 'notifications/cancelled' && params.requestId !== undefined) {
    cancel(nameOf(params.requestId));
  }
}

/** Ends the answer to a cancelled request: without a response (MCP, "Cancellation") where the client reads streams. */
function endCancelled(deps: Deps, { request, response }: EndpointRequest, message: Message | undefined): void {
  const isStream = response.getHeader('content-type') === EVENT_STREAM;
  if (response.headersSent) {
    isStream ? response.end() : response.destroy();
  } else if (acceptOf(request).events) {
    // A comment, which clients ignore.
    beginEvents(response).end(': cancelled\n\n');
  } else {
    const cancelled = new RpcError(RPC_ERROR_CODES.refused, REQUEST_CANCELLED.message);
    sendRpcError(request, response, deps.publicUrl, cancelled, message?.id);
  }
}

/**
 * Answers failures that JSON-RPC can express, and throws all others. After the start of an answer, ends the
 * connection.
 */
function sendError(
  deps: Deps,
  { request, response, organizationId, endpoint, source }: EndpointRequest,
  message: Message | undefined,
  failed: AnswerFailed,
): void {
  const { cause } = failed;
  if (cause instanceof ServerFailed) {
    const server = source.kind === 'server' ? source.server.id : endpoint.accountId;
    deps.failureLog.note(cause, { organizationId, server, requestId: request.id });
    if (cause.retryAfterSeconds !== undefined && !response.headersSent) {
      response.setHeader('Retry-After', cause.retryAfterSeconds);
    }
  }
  const error =
    cause instanceof ServerFailed
      ? new RpcError(RPC_ERROR_CODES.serverFailed, cause.message, { status: cause.isRateLimited ? 429 : 502 })
      : cause instanceof OverBudget
        ? noMemory(cause, response, failed)
        : cause;
  if (!(error instanceof RpcError)) {
    throw error;
  }
  if (response.headersSent) {
    response.destroy();
    return;
  }
  sendRpcError(request, response, deps.publicUrl, error, message?.id);
}

/** Makes the error for a lack of memory, which also tells whether the call may have run. */
function noMemory(error: OverBudget, response: ServerResponse, { call }: AnswerFailed): RpcError {
  const refusal = overBudget(error);
  const { code, message } = refusal;
  if (!response.headersSent) {
    response.setHeaders(new Map(Object.entries(headersOf(refusal))));
  }
  const text = call?.verdict === 'runs' ? `${message} The call may have been carried out.` : message;
  return new RpcError(RPC_ERROR_CODES.serverFailed, text, { status: CATALOGUE[code].status });
}
