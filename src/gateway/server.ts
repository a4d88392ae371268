import { instant } from '../base/instants.ts';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import { NotSent } from '../base/not-sent.ts';
import { holdsBack, looksAtDefinitions } from '../contract/approval-policies.ts';
import type { Deps } from '../deps.ts';
import { memoryOf } from '../http/memory.ts';
import { ServerFailed } from '../runtime/failed.ts';
import { maskOf } from '../runtime/mask.ts';
import { hintsOf, readsOnly } from '../tools/hints.ts';
import { isScoped } from '../tools/scope.ts';
import { initialize } from './begin-session.ts';
import { bridge, discovered, eraFor, initialized, narrow } from './bridge.ts';
import type { UsedList } from './lists.ts';
import { CODES, type Message, type RequestMessage, RpcError } from './message.ts';
import { isKnownNotification, isKnownRequest } from './methods.ts';
import { paramHeaders } from './param-headers.ts';
import { maskFor, passOn, type Relayed, sessionHeaders } from './relay.ts';
import { foldCase } from './repeated.ts';
import { listUser, sendJson, sendList, sendMasked, sendMessages, sendResult } from './reply.ts';
import {
  argumentsOf,
  complete,
  mustWait,
  noSuchMethod,
  outdatedTools,
  type Result,
  UNCACHED,
  unknownTool,
} from './results.ts';
import type { ViewedTool } from './served.ts';
import { beginningNoTask, hasTasks, isOfTasks, withoutTasks } from './tasks.ts';

/** How fresh tools are where they are listed, and where they are called; milliseconds. */
const LISTED = { age: 5000, patience: 2000 };
const CALLED = { age: 60_000, patience: 0 };

/** What endpoints with a scope serve: tools, and what it takes to speak of them. */
const OF_TOOLS = ['initialize', 'ping', 'logging/setLevel', 'server/discover', 'subscriptions/listen'];

/** What would change the gateway's own session for all who share it. */
const OF_SESSIONS = ['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'];
/** What is not to be had over a pipe, which is one session for all who use it. */
const OF_OWN_SESSIONS = [...OF_SESSIONS, 'subscriptions/listen'];

type Session = Readonly<Record<string, string>>;

/**
 * Answers a message to an endpoint over a server. Fails with an RpcError, ServerFailed or NotSent when nothing was answered
 * yet.
 */
export async function serveServer(deps: Deps, asked: Relayed): Promise<void> {
  const { era, request, response } = asked;
  const session = era === 'handshake' ? sessionHeaders(deps, asked, request.headers) : {};
  const hasSession = session['mcp-session-id'] !== undefined;
  if (!isRequest(asked.message)) {
    // A request that lacks its id was not decided on, and there are servers that run it all the same. Without a session,
    // a notification would reach one that the client shares with others, under ids that are not its own there.
    const { method } = asked.message;
    if (hasSession && (method === undefined || isPassedNotification(asked, method))) {
      await passOn(deps, asked, session);
    } else {
      response.writeHead(202).end();
    }
    return;
  }
  // What begins a session begins one that can have tasks.
  const areTasksServed = hasTasks(asked.served, hasSession || asked.message.method === 'initialize');
  const message = areTasksServed ? asked.message : beginningNoTask(asked.message);
  const relayed = { ...asked, message };
  switch (message.method) {
    case 'tools/list':
      return listTools(deps, relayed, message);
    case 'tools/call':
      return callTool(deps, relayed, message, session);
    case 'initialize':
      return beginSession(deps, relayed, message);
    case 'server/discover':
      return discover(deps, relayed, message);
    default:
      if (!isShown(relayed, message, hasSession)) {
        throw noSuchMethod(era);
      }
      return forward(deps, narrowed(relayed), message, session);
  }
}

/** Whether a message wants an answer. */
export const isRequest = (message: Message): message is RequestMessage =>
  message.id !== undefined && message.method !== undefined;

/** Whether an endpoint holds nothing back: neither does a call wait, nor is anything out of its scope. */
const isOpen = ({ scope, server }: Relayed['served']): boolean => !isScoped(scope) && !holdsBack(server.approvalPolicy);

/**
 * Whether an endpoint has a method that nothing is decided about. What some server may take for a call of a tool has to be one that was decided on: where anything is held back,
 * whatever the protocol does not know in this very spelling does not exist.
 */
function isShown({ served, connection, era }: Relayed, { method }: RequestMessage, hasSession: boolean): boolean {
  if (connection.exchange === null && OF_OWN_SESSIONS.includes(method)) {
    return false;
  }
  if (isOfTasks(method) && !hasTasks(served, hasSession)) {
    return false;
  }
  if (isOpen(served)) {
    return foldCase(method).trim() !== 'tools/call';
  }
  return isKnownRequest(era, method) && (!isScoped(served.scope) || OF_TOOLS.includes(method));
}

/** Whether a notification goes on to the server, in the client's own session. */
const isPassedNotification = ({ served }: Relayed, method: string): boolean =>
  isOpen(served) ? method.startsWith('notifications/') : isKnownNotification(method);

/** A subscription to nothing that a scope hides. */
function narrowed(relayed: Relayed): Relayed {
  const { message, served } = relayed;
  if (message.method !== 'subscriptions/listen' || !isScoped(served.scope)) {
    return relayed;
  }
  const { toolsListChanged } = (message.params.notifications ?? {}) as Result;
  const params = { ...message.params, notifications: { ...(toolsListChanged !== undefined && { toolsListChanged }) } };
  const text = JSON.stringify({ jsonrpc: '2.0', id: message.id, method: message.method, params });
  return { ...relayed, message: { ...message, params, text } };
}

/** Answers `tools/list` from what is known of the server, which need not be connected. */
export async function listTools(
  deps: Deps,
  relayed: Pick<Relayed, 'served' | 'era' | 'request' | 'response' | 'signal'>,
  { id }: RequestMessage,
): Promise<void> {
  const { request, response, signal } = relayed;
  const found = await listed(deps, relayed);
  using list = found.list;
  await sendList(request, response, signal, { id, list, besides: found.besides });
}

/** What a list of tools answers. The tools themselves are not held on to while a slow client reads it. */
async function listed(
  deps: Deps,
  { served, era, response, signal }: Pick<Relayed, 'served' | 'era' | 'response' | 'signal'>,
): Promise<{ readonly list: UsedList; readonly besides: Result }> {
  const { tools, seenAt, failure } = await deps.runtime.tools(served.server, LISTED);
  const list = await served.list(tools, listUser(response, signal));
  const meta = {
    ...(failure !== null && { 'gatehouse/stale': { seen_at: instant(seenAt), reason: failure.message } }),
    ...(list.count === 0 && {
      'gatehouse/empty':
        tools.length === 0
          ? `The MCP server '${served.server.name}' lists no tools.`
          : `None of the ${tools.length} tools of the MCP server '${served.server.name}' passes the scope of this endpoint.`,
    }),
  };
  const besides = {
    ...(era === 'stateless' && { resultType: 'complete', ...UNCACHED }),
    ...(Object.keys(meta).length > 0 && { _meta: meta }),
  };
  return { list, besides };
}

async function callTool(deps: Deps, relayed: Relayed, message: RequestMessage, session: Session): Promise<void> {
  const { served, era, request, response, note } = relayed;
  const tool = await findCalled(deps, relayed, message.params);
  const args = argumentsOf(message.params);
  note.call = { tool: String(tool.definition.name), args, verdict: tool.verdict };
  if (tool.verdict === 'waits') {
    const result = mustWait(served.server.approvalPolicy);
    note.isError = true;
    note.responseBytes = sendResult(request, response, message.id, era === 'stateless' ? complete(result) : result);
    return;
  }
  const sent = era === 'stateless' ? request.headers : null;
  const called = { ...relayed, paramHeaders: paramHeaders(tool.definition, args, sent) };
  try {
    await forward(deps, called, message, session);
  } catch (error) {
    // What may have been carried out is asked again only where that changes nothing.
    const mayRunTwice = readsOnly(hintsOf(tool.definition)) && !response.headersSent;
    if (!(error instanceof ServerFailed) || error.kind !== 'broken' || !mayRunTwice) {
      throw error;
    }
    await forward(deps, called, message, session);
  }
}

/** The tool that a call names, and what is decided about it. Throws NotSent where it has waited for a list meanwhile outdated. */
async function findCalled(deps: Deps, relayed: Relayed, params: Result): Promise<ViewedTool> {
  try {
    const { server, scope } = relayed.served;
    // Methods are what annotations say; tags are the server's.
    return looksAtDefinitions(server.approvalPolicy) || scope.methods !== undefined
      ? await findDefinedTool(deps, relayed, params)
      : await findTool(deps, relayed, params.name);
  } catch (error) {
    throw relayed.mayBeSent() ? error : new NotSent();
  }
}

/** The tool that a call names, if the endpoint shows it. One that is not known may be new: the server is asked, once. */
async function findTool(deps: Deps, { served }: Relayed, name: unknown): Promise<ViewedTool> {
  for (const freshness of [CALLED, LISTED]) {
    const seeing = deps.runtime.tools(served.server, freshness);
    const { tools } = seeing instanceof Promise ? await seeing : seeing;
    const tool = typeof name === 'string' ? served.find(tools, name) : undefined;
    if (tool !== undefined) {
      return tool;
    }
  }
  throw unknownTool(name);
}

/**
 * The tool that a call names, by a list that may decide about it: at most as old as where tools are called, and seen by this
 * process. Throws an RpcError where there is none in time; that is audited.
 */
async function findDefinedTool({ runtime, limits }: Deps, relayed: Relayed, params: Result): Promise<ViewedTool> {
  const { served, note } = relayed;
  const { name } = params;
  for (const { age } of [CALLED, LISTED]) {
    const freshness = { age, patience: limits.definitionPatienceMs, decides: true } as const;
    const { tools, isFresh, failure } = await runtime.tools(served.server, freshness);
    const tool = typeof name === 'string' ? served.find(tools, name) : undefined;
    if (tool !== undefined && !isFresh) {
      note.call = { tool: String(name), args: argumentsOf(params), verdict: tool.verdict };
      note.isOutdated = true;
      throw outdatedTools(served, failure);
    }
    if (tool !== undefined) {
      return tool;
    }
  }
  throw unknownTool(name);
}

/** The client's own session, or none of it, or the gateway's own session: whichever the message belongs to. */
async function forward(deps: Deps, relayed: Relayed, message: RequestMessage, session: Session): Promise<void> {
  const { connection, era, request, response, signal, note, mayBeSent } = relayed;
  if (session['mcp-session-id'] !== undefined) {
    return passOn(deps, relayed, session);
  }
  const mask = await maskFor(request, connection.target, message.params);
  const spoken = await eraFor(connection, era);
  if (era === 'stateless' && spoken === era && connection.exchange !== null) {
    return passOn(deps, relayed, session);
  }
  if (spoken !== era) {
    const bridged = bridge(connection, { ...message, headers: relayed.paramHeaders, mayBeSent }, [era, spoken], signal);
    return sendMessages(request, response, bridged, note, mask);
  }
  if (OF_SESSIONS.includes(message.method) && (await connection.session())?.id !== undefined) {
    throw new RpcError(CODES.invalidRequest, 'This changes a session: initialize one of your own first.');
  }
  const asked = await connection.ask({ ...message, mayBeSent }, era, signal);
  if (!('json' in asked)) {
    return sendMessages(request, response, asked, note, mask);
  }
  const { json, isError } = asked;
  note.isError = isError;
  note.responseBytes = json.length;
  if (json.length > SMALL_BYTES) {
    await memoryOf(request).hold('answers', 0).reach(json.length);
  }
  sendJson(request, response, 200, mask === null ? json : await mask.json(json));
}

async function beginSession(deps: Deps, relayed: Relayed, message: RequestMessage): Promise<void> {
  const { served, connection, era, request, response } = relayed;
  if (era === 'stateless') {
    throw noSuchMethod(era);
  }
  const { scope } = served;
  if (connection.exchange !== null) {
    const outcome = await initialize(deps, relayed, (result, hasSession) => ({
      ...result,
      capabilities: narrow((result.capabilities ?? {}) as Result, scope, hasTasks(served, hasSession)),
    }));
    if (outcome === 'done') {
      return;
    }
  }
  const { facts } = await connection.introduce();
  await sendMasked(request, response, message.id, initialized(facts, message, scope), maskOf(connection.target));
}

async function discover(deps: Deps, relayed: Relayed, { id }: RequestMessage): Promise<void> {
  const { served, connection, era, request, response } = relayed;
  if (era === 'handshake') {
    throw noSuchMethod(era);
  }
  const { era: spoken, facts } = await connection.introduce();
  const { capabilities } = facts.said();
  const isWhole = !isScoped(served.scope) && withoutTasks(capabilities) === capabilities;
  if (spoken === 'stateless' && connection.exchange !== null && isWhole) {
    return passOn(deps, relayed, {});
  }
  await sendMasked(request, response, id, discovered(facts, served.scope), maskOf(connection.target));
}
