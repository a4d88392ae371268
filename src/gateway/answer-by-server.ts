import { holdsBack } from '../contract/approval-policies.ts';
import type { Deps } from '../deps.ts';
import { notInUse } from '../runtime/runtime.ts';
import { isScoped } from '../tools/scope.ts';
import { beginSession } from './begin-session.ts';
import { type Call, isRequest, type ServerCall } from './call.ts';
import { callMetaTool } from './call-meta-tool.ts';
import { callServerTool } from './call-server-tool.ts';
import { discover } from './discover.ts';
import { isDeclinedBy, isElicitationAnswer } from './elicitation.ts';
import { forward } from './forward.ts';
import { listTools, seeTools } from './list-tools.ts';
import type { Message } from './message.ts';
import { isInDiscovery } from './meta-tools.ts';
import { isKnownNotification, isKnownRequest } from './methods.ts';
import type { Outcome } from './outcome.ts';
import { passOn, sessionHeaders } from './relay.ts';
import { foldCase } from './repeated-members.ts';
import { methodNotFound, type Result } from './results.ts';
import { isOwnState, refusedRound } from './rounds.ts';
import type { ServedServer } from './served.ts';
import { SESSION_METHODS } from './shared-session.ts';
import { isTaskMethod, servesTasks, withoutTaskRequests } from './tasks.ts';

/** The methods that an endpoint with a scope serves: those of tools, and those that clients need to use tools. */
const METHODS_IN_SCOPE = ['initialize', 'ping', 'logging/setLevel', 'server/discover', 'subscriptions/listen'];
/** Methods that a server behind a pipe does not offer, because all its clients share one session. */
const METHODS_OF_OWN_SESSIONS = [...SESSION_METHODS, 'subscriptions/listen'];

/**
 * Answers a message to an endpoint over a server. The server need not be connected for `tools/list`, and for a search for tools. Throws an
 * RpcError, ServerFailed, NotSent or AnswerFailed.
 */
export async function answerByServer(deps: Deps, call: Call<ServedServer>): Promise<Outcome> {
  const { server } = call.source;
  const connection = deps.runtime.connection(server);
  if (connection === null) {
    return answerUnconnected(deps, call);
  }
  connection.hold();
  try {
    // `initialize` begins a session. Clients that keep the header of a lost one send it here too.
    const isInSession = call.era === 'handshake' && call.message.method !== 'initialize';
    const session = isInSession ? sessionHeaders(deps, { ...call, connection }) : {};
    return await answer(deps, { ...call, connection, session });
  } finally {
    connection.release();
  }
}

/** Answers from the catalogue of a server that is not connected. */
async function answerUnconnected(deps: Deps, call: Call<ServedServer>): Promise<Outcome> {
  const { endpoint, source } = call;
  const fail = (): never => {
    throw notInUse(source.server.name);
  };
  if (isRequest(call) && call.message.method === 'tools/list') {
    await listTools(deps, call);
    return null;
  }
  return isRequest(call) && call.message.method === 'tools/call' && isInDiscovery(endpoint)
    ? callMetaTool(call, () => seeTools(deps, source), fail)
    : fail();
}

async function answer(deps: Deps, call: ServerCall<Message>): Promise<Outcome> {
  const { source, session, response } = call;
  const hasSession = session['mcp-session-id'] !== undefined;
  if (isElicitationAnswer(call.message)) {
    if (isDeclinedBy(call.message)) {
      deps.approvalWaits.noteDecline(String(call.message.id));
    }
    response.writeHead(202).end();
    return null;
  }
  if (!isRequest(call)) {
    // A request without an id was not decided on, and some servers run it nevertheless. Without a session, a
    // notification would reach a session that the client shares with others, under ids that mean something else
    // there.
    const { method } = call.message;
    if (hasSession && (method === undefined || isPassedNotification(source, method))) {
      await passOn(deps, call);
    } else {
      response.writeHead(202).end();
    }
    return null;
  }
  // `initialize` begins a session, which can have tasks.
  const areTasksServed = servesTasks(source, hasSession || call.message.method === 'initialize');
  const message = areTasksServed ? call.message : withoutTaskRequests(call.message);
  return answerRequest(deps, message === call.message ? call : { ...call, message }, hasSession);
}

async function answerRequest(deps: Deps, call: ServerCall, hasSession: boolean): Promise<Outcome> {
  switch (call.message.method) {
    case 'tools/call':
      return isInDiscovery(call.endpoint)
        ? callMetaTool(
            call,
            () => seeTools(deps, call.source),
            (inner) => callServerTool(deps, inner),
          )
        : callServerTool(deps, call);
    case 'tools/list':
      await listTools(deps, call);
      return null;
    case 'initialize':
      await beginSession(deps, call);
      return null;
    case 'server/discover':
      await discover(deps, call);
      return null;
    default:
      if (!isOffered(call, hasSession)) {
        throw methodNotFound(call.era);
      }
      if (isOwnState(call.message.params.requestState)) {
        throw refusedRound('is that of a call of a tool.');
      }
      await forward(deps, narrowSubscription(call));
      return null;
  }
}

/** Whether an endpoint holds nothing back: no call waits for approval, and no scope hides a tool. */
const holdsNothingBack = ({ scope, server }: ServedServer): boolean =>
  !isScoped(scope) && !holdsBack(server.approvalPolicy);

/**
 * Whether an endpoint offers a method other than `tools/call`. A server may treat a method with an odd spelling as a call of
 * a tool, for which there was no decision. So an endpoint that holds something back offers only the exact method names of
 * the protocol.
 */
function isOffered({ source, connection, era, message: { method } }: ServerCall, hasSession: boolean): boolean {
  if (connection.sendHttp === null && METHODS_OF_OWN_SESSIONS.includes(method)) {
    return false;
  }
  if (isTaskMethod(method) && !servesTasks(source, hasSession)) {
    return false;
  }
  if (holdsNothingBack(source)) {
    return foldCase(method).trim() !== 'tools/call';
  }
  return isKnownRequest(era, method) && (!isScoped(source.scope) || METHODS_IN_SCOPE.includes(method));
}

/** Whether a notification is passed on to the server, in the session of the client. */
const isPassedNotification = (source: ServedServer, method: string): boolean =>
  holdsNothingBack(source) ? method.startsWith('notifications/') : isKnownNotification(method);

/** Removes from a subscription the notifications that a scope hides. */
function narrowSubscription(call: ServerCall): ServerCall {
  const { message, source } = call;
  if (message.method !== 'subscriptions/listen' || !isScoped(source.scope)) {
    return call;
  }
  const { toolsListChanged } = (message.params.notifications ?? {}) as Result;
  const params = { ...message.params, notifications: { ...(toolsListChanged !== undefined && { toolsListChanged }) } };
  const json = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: message.id, method: message.method, params }));
  return { ...call, message: { ...message, params, json } };
}
