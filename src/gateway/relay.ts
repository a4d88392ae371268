import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import type { MayBeSent } from '../base/not-sent.ts';
import type { Deps } from '../deps.ts';
import { discard, type HttpAnswer } from '../egress/exchange.ts';
import type { Identified } from '../http/context.ts';
import { memoryOf } from '../http/memory.ts';
import type { Connection } from '../runtime/connection.ts';
import { ServerFailed } from '../runtime/failed.ts';
import { type Mask, maskOf } from '../runtime/mask.ts';
import { isJson, isStream, messagesOf, notTheProtocol, type ServerMessage } from '../runtime/messages.ts';
import { type Era, statelessHeaders, TOOLS_CHANGED } from '../runtime/protocol.ts';
import type { Target } from '../runtime/target.ts';
import { isScoped, scopeKey } from '../tools/scope.ts';
import { AnswerScanner } from './answer-scanner.ts';
import type { CallNote } from './ended-calls.ts';
import type { Message } from './message.ts';
import { passRefusal, statusOf } from './refusals.ts';
import { acceptOf, beginEvents, linkHelp, sendBody, sendJson, sendMessages } from './reply.ts';
import type { ServedServer } from './served.ts';
import { openSession, type SessionPlace } from './sessions.ts';

/** A message of a client to an endpoint over a server, and where its answer goes. */
export type Relayed = {
  readonly served: ServedServer;
  readonly connection: Connection;
  readonly endpointId: string;
  readonly message: Message;
  readonly era: Era;
  readonly request: Identified;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  readonly note: CallNote;
  /** Asked right before the message is sent to the server: by what is decided may have changed while it waited. */
  readonly mayBeSent: MayBeSent;
  /** Of a call, those that repeat its arguments. */
  readonly paramHeaders?: Readonly<Record<string, string>>;
};

/**
 * Whose sessions these are. A server under another URL is another server; those over pipes keep no sessions. What a session
 * was begun with, and has subscribed to, is what its scope let through: under another scope there is no such session.
 */
export const placeOf = ({ server, scope }: ServedServer, { target }: Connection, endpointId: string): SessionPlace => ({
  organizationId: server.organizationId,
  endpointId,
  ...(isScoped(scope) && { scope: scopeKey(scope) }),
  server: target.transport === 'stdio' ? server.id : `${server.id}:${target.transport}:${target.origin}${target.path}`,
});

/** What the client brings along that a server may see; nothing else of its headers goes on. */
const PASSED = new Set(['last-event-id', 'traceparent', 'tracestate', 'baggage']);

/** The server's own session of a client, as it goes into a request; empty when the client has none. */
export function sessionHeaders(
  deps: Deps,
  { served, connection, endpointId }: Pick<Relayed, 'served' | 'connection' | 'endpointId'>,
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const sealed = headers['mcp-session-id'];
  return typeof sealed === 'string'
    ? { 'mcp-session-id': openSession(deps.store.read.secrets, placeOf(served, connection, endpointId), sealed) }
    : {};
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

/**
 * Takes the secrets of a server out of what it answers to a request: not those that the request held. A large one is held
 * in the memory budget as long as the request goes on.
 */
export async function maskFor(request: Identified, target: Target, sent: unknown): Promise<Mask | null> {
  const mask = maskOf(target);
  if (mask !== null && mask.bytes > SMALL_BYTES) {
    await memoryOf(request).hold('answers', 0).reach(mask.bytes);
  }
  return (await mask?.besides(sent)) ?? null;
}

/** Posts a message as the client's own. */
export function post(
  { stopping }: Deps,
  { connection, message, era, request, signal, paramHeaders, mayBeSent }: Relayed,
  session: Readonly<Record<string, string>>,
  body: string,
): Promise<HttpAnswer> {
  if (connection.exchange === null) {
    throw new TypeError('there is no session of a client, and no stateless HTTP, over a pipe');
  }
  const isEndless = message.method === 'subscriptions/listen';
  const ofMessage = {
    ...passedHeaders(request.headers, message, era),
    ...(era === 'stateless' && paramHeaders),
  };
  return connection.exchange({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...ofMessage, ...session },
    body,
    signal: isEndless ? AbortSignal.any([signal, stopping]) : signal,
    silence: isEndless ? 0 : connection.target.silence,
    mayBeSent,
  });
}

/** Passes a message on as the client's own, and the answer back as it comes. Throws an RpcError or ServerFailed. */
export async function passOn(deps: Deps, relayed: Relayed, session: Readonly<Record<string, string>>): Promise<void> {
  const { served, message, request, response, note } = relayed;
  const answer = await post(deps, relayed, session, message.text);
  const id = message.method === undefined ? null : (message.id ?? null);
  const { target } = relayed.connection;
  await passBack(answer, { deps, target, served, request, response, id, note, sent: message.params });
}

type Back = {
  readonly deps: Deps;
  /** How the server is reached that answers. */
  readonly target: Target;
  readonly served: ServedServer;
  readonly request: Identified;
  readonly response: ServerResponse;
  /** Of the request that is answered; null where there is none. */
  readonly id: unknown;
  readonly note: CallNote;
  /** What the client has sent to have it. */
  readonly sent: unknown;
};

/**
 * Passes an answer back, which it owns: its bytes as they come where the client reads what they are, else the one message
 * in them.
 */
export async function passBack(answer: HttpAnswer, back: Back): Promise<void> {
  try {
    await pass(answer, back);
  } finally {
    discard(answer);
  }
}

async function pass(answer: HttpAnswer, back: Back): Promise<void> {
  const { deps, target, served, request, response, id, note, sent } = back;
  const { name, id: serverId } = served.server;
  const mask = await maskFor(request, target, sent);
  if (answer.status >= 300) {
    note.isError = true;
    linkHelp(response, deps.publicUrl, statusOf(answer));
    note.responseBytes = await passRefusal({ name, mask }, answer, request, response, id);
    return;
  }
  const onToolsChanged = (): void => deps.runtime.toolsChanged(serverId);
  const { body } = answer;
  if (Buffer.isBuffer(body)) {
    const scanner = new AnswerScanner({ id, areEvents: false, onToolsChanged });
    scanner.scan(body);
    note.responseBytes += body.length;
    note.isError = scanner.isError;
    note.hasServerFailed = note.isError === undefined;
    sendJson(request, response, answer.status, mask === null ? body : await mask.json(body));
    return;
  }
  // Who opens a stream with GET reads one, whatever else it accepts.
  const isListening = request.method === 'GET';
  if (isStream(answer) && !isListening && !acceptOf(request).events) {
    const messages = messagesOf(name, answer, memoryOf(request));
    await sendMessages(request, response, id === null ? messages : answered(messages, back), note, mask);
    return;
  }
  if (!isStream(answer) && !isJson(answer) && (id !== null || isListening)) {
    throw notTheProtocol(name, `it answered with HTTP ${answer.status} and neither JSON nor events`);
  }
  if (isStream(answer)) {
    beginEvents(response, answer.status);
  } else {
    const { 'content-length': length } = answer.headers;
    response.writeHead(answer.status, {
      ...(isJson(answer) && { 'Content-Type': 'application/json' }),
      ...(length !== undefined && mask === null && { 'Content-Length': length }),
    });
  }
  const memory = memoryOf(request);
  const held = mask === null ? null : memory.hold('answers', 0);
  const room = (bytes: number): boolean => bytes <= memory.messageBytes && held?.tryResize(bytes) === true;
  const pieces = mask === null ? null : mask.pieces(isStream(answer), room);
  const areEvents = isStream(answer);
  const scanner = new AnswerScanner({ id, areEvents, onToolsChanged });
  await sendBody(response, body, { areEvents, pieces }, (chunk) => {
    note.responseBytes += chunk.length;
    scanner.scan(chunk);
    note.isError = scanner.isError;
  });
  note.hasServerFailed = note.isError === undefined;
}

/** Messages, of which the last has to be an answer. */
async function* answered(
  messages: AsyncIterable<ServerMessage>,
  { deps, served: { server } }: Back,
): AsyncGenerator<ServerMessage> {
  for await (const message of messages) {
    if (message.method === TOOLS_CHANGED) {
      deps.runtime.toolsChanged(server.id);
    }
    yield message;
  }
  throw new ServerFailed(server.name, 'broken', 'ended its answer before it had answered.');
}
