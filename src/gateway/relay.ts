import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseJson } from '../base/json.ts';
import { NotSent } from '../base/not-sent.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Deps } from '../deps.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import type { Connection } from '../runtime/connection.ts';
import { mayMeanLostSession, mentionsSession } from '../runtime/lost-sessions.ts';
import { isEventStream } from '../runtime/messages.ts';
import { type Era, statelessHeaders } from '../runtime/protocol.ts';
import { isScoped, scopeKey } from '../tools/scope.ts';
import type { ServerCall, SessionHeaders } from './call.ts';
import { type Message, RpcError } from './message.ts';
import type { Answered } from './outcome.ts';
import { passBack } from './pass-back.ts';
import { openSession, type SessionPlace } from './sessions.ts';

/**
 * Whose sessions these are. A server under another URL is another server; those over pipes keep no sessions. What a session
 * was begun with, and has subscribed to, is what its scope let through: under another scope there is no such session.
 */
export const placeOf = ({
  endpoint,
  source: { server, scope },
  connection: { target },
}: Pick<ServerCall, 'endpoint' | 'source' | 'connection'>): SessionPlace => ({
  organizationId: server.organizationId,
  endpointId: endpoint.id,
  ...(isScoped(scope) && { scope: scopeKey(scope) }),
  server: target.transport === 'stdio' ? server.id : `${server.id}:${target.transport}:${target.origin}${target.path}`,
});

/** Milliseconds within which a refusal counts as given at once. */
const AT_ONCE_MS = 100;

/** What the client brings along that a server may see; nothing else of its headers goes on. */
const PASSED = new Set(['last-event-id', 'traceparent', 'tracestate', 'baggage']);

/** The server's own session of a client, as it goes into a request; empty when the client has none. */
export function sessionHeaders(
  deps: Deps,
  call: Pick<ServerCall, 'endpoint' | 'source' | 'connection' | 'request'>,
): SessionHeaders {
  const sealed = call.request.headers['mcp-session-id'];
  if (typeof sealed !== 'string') {
    return {};
  }
  const { id, version } = openSession(deps.store.read.secrets, placeOf(call), sealed);
  return { 'mcp-session-id': id, ...(version !== undefined && { 'mcp-protocol-version': version }) };
}

/** Whether the client has a session in which it can be asked to open URLs. */
export function hasOpeningSession(
  deps: Deps,
  call: Pick<ServerCall, 'endpoint' | 'source' | 'connection' | 'request' | 'session'>,
): boolean {
  const sealed = call.request.headers['mcp-session-id'];
  const hasSession = call.session['mcp-session-id'] !== undefined && typeof sealed === 'string';
  return hasSession && openSession(deps.store.read.secrets, placeOf(call), sealed).opensUrls === true;
}

/** The headers that go on to a server: those of the protocol, made of the body where it holds them, and trace context. */
export function passedHeaders(headers: IncomingHttpHeaders, message: Message | null, era: Era): Record<string, string> {
  const version = headers['mcp-protocol-version'];
  const ofEra =
    era === 'stateless' && message?.method !== undefined
      ? statelessHeaders(message.method, message.params)
      : typeof version === 'string'
        ? { 'mcp-protocol-version': version }
        : {};
  const passed: Record<string, string> = {};
  for (const name in headers) {
    if (PASSED.has(name)) {
      passed[name] = String(headers[name]);
    }
  }
  return Object.assign(passed, ofEra);
}

/** Posts a message as the client's own. */
export function post({ stopping }: Deps, call: ServerCall<Message>, body: string | Buffer): Promise<HttpAnswer> {
  const { connection, message, era, request, signal, session, paramHeaders, mayBeSent } = call;
  if (connection.sendHttp === null) {
    throw new TypeError('there is no session of a client, and no stateless HTTP, over a pipe');
  }
  const isEndless = message.method === 'subscriptions/listen';
  const ofMessage = {
    ...passedHeaders(request.headers, message, era),
    ...(era === 'stateless' && paramHeaders),
  };
  return connection.sendHttp({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...ofMessage, ...session },
    body,
    signal: isEndless ? AbortSignal.any([signal, stopping]) : signal,
    idleTimeoutMs: isEndless ? 0 : connection.target.idleTimeoutMs,
    mayBeSent,
  });
}

/** Passes a message on as the client's own, and the answer back as it comes. Throws an RpcError, ServerFailed or AnswerFailed. */
export async function passOn(deps: Deps, call: ServerCall<Message>): Promise<Answered> {
  const answer = await post(deps, call, call.message.json);
  const { connection, session } = call;
  if (session['mcp-session-id'] !== undefined && (await isSessionLost(connection, session, answer))) {
    discard(answer);
    const message = `The MCP server '${call.source.server.name}' has lost this session: initialize a new one.`;
    throw new RpcError(RPC_ERROR_CODES.serverFailed, message, { status: 404 });
  }
  if (call.era === 'stateless' && mayMeanLostSession(answer.status) && !(await connection.isStillStateless())) {
    discard(answer);
    // The message was refused: it is decided again, for a server of the other era.
    throw new NotSent();
  }
  return passBack(deps, call, answer);
}

/** Whether an answer was refused because the server has lost the session of a client, which must then begin a new one. */
export const isSessionLost = async (
  connection: Connection,
  session: SessionHeaders,
  answer: HttpAnswer,
): Promise<boolean> =>
  (mayMeanLostSession(answer.status) || isErrorAboutSession(await beginningOf(answer))) &&
  connection.isSessionLost(session);

/**
 * Returns the whole body of an answer that is short, and of a stream of events what comes at once, which stays in the
 * stream: a server that knows no session says so without work.
 */
async function beginningOf(answer: HttpAnswer): Promise<Buffer> {
  const { body } = answer;
  if (Buffer.isBuffer(body) || !isEventStream(answer)) {
    return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  }
  if (body.readableLength === 0 && !body.readableEnded) {
    const late = new AbortController();
    const { signal } = late;
    await Promise.race([
      once(body, 'readable', { signal }),
      delay(AT_ONCE_MS, undefined, { signal, ref: false }),
    ]).catch(() => undefined);
    late.abort();
  }
  const chunk = body.read() as Buffer | null;
  if (chunk !== null) {
    body.unshift(chunk);
  }
  return chunk ?? Buffer.alloc(0);
}

/** Parses only the few texts that may be such an error, in JSON or in an event. */
const isErrorAboutSession = (text: Buffer): boolean =>
  text.includes('"error"') &&
  mentionsSession(parseJson(text.toString('utf8').replace(/^(?:(?!data:).*\r?\n)*data:/, '')));
