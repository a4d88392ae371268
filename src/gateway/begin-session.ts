import { isObject } from '../base/is-object.ts';
import { readJson } from '../base/read-json.ts';
import { writeJson } from '../base/unparsed.ts';
import type { Deps } from '../deps.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import { memoryOf } from '../http/memory.ts';
import { maskOf } from '../runtime/mask.ts';
import { isEventStream, isJson, protocolViolation, readMessages } from '../runtime/messages.ts';
import { MAX_REFUSAL_BYTES } from '../runtime/read-refusal.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import { initializeResultOf } from './bridge.ts';
import type { ServerCall } from './call.ts';
import { servedCapabilities } from './capabilities.ts';
import { opensUrls } from './elicitation.ts';
import { isNewerVersion } from './eras.ts';
import { maskForAnswer } from './mask-for.ts';
import { passRetryAfter, statusForClient } from './pass-refusal.ts';
import { placeOf, post } from './relay.ts';
import { linkHelp, sendJson, sendMasked } from './reply.ts';
import { methodNotFound, type Result } from './results.ts';
import { sealSession } from './sessions.ts';

/** The id for an `initialize` without one: the largest 32-bit integer, which no client reaches by counting. */
const UNNAMED_ID = 2_147_483_647;

/**
 * Answers `initialize`: with a session of the client at the server if the server has sessions, otherwise with the
 * description of the server.
 */
export async function beginSession(deps: Deps, call: ServerCall): Promise<void> {
  const { source, connection, era, message, request, response } = call;
  if (era === 'stateless') {
    throw methodNotFound(era);
  }
  if (connection.sendHttp !== null) {
    const outcome = await beginOwnSession(deps, call, (result, hasSession) => ({
      ...result,
      capabilities: servedCapabilities(
        (result.capabilities ?? {}) as Result,
        source,
        hasSession ? 'client-session' : 'shared-session',
      ),
    }));
    if (outcome === 'done') {
      return;
    }
  }
  const { facts } = await connection.introduce();
  await sendMasked(
    request,
    response,
    message.id,
    initializeResultOf(facts, message, source),
    maskOf(connection.target),
  );
}

/** Begins a session of the client at a server. `adapt` may change the result. */
async function beginOwnSession(
  deps: Deps,
  call: ServerCall,
  adapt: (result: Readonly<Record<string, unknown>>, hasSession: boolean) => object,
): Promise<'done' | 'no handshake'> {
  const { message } = call;
  // The protocol requires an id. A client that sends none gets none back.
  const body =
    message.id === null
      ? JSON.stringify({ ...(readJson(String(message.json)) as object), id: UNNAMED_ID })
      : message.json;
  const answer = await post(deps, { ...call, session: {} }, body);
  try {
    return await answerInitialize(deps, call, answer, adapt);
  } finally {
    discard(answer);
  }
}

async function answerInitialize(
  deps: Deps,
  call: ServerCall,
  answer: HttpAnswer,
  adapt: (result: Readonly<Record<string, unknown>>, hasSession: boolean) => object,
): Promise<'done' | 'no handshake'> {
  const { source, connection, message, request, response } = call;
  const { name } = source.server;
  const mask = await maskForAnswer(request, connection.target, message.params);
  const sessionId = answer.headers['mcp-session-id'];
  for await (const incoming of isJson(answer) || isEventStream(answer)
    ? readMessages(name, answer, memoryOf(request))
    : []) {
    if (incoming.method !== undefined) {
      continue;
    }
    if (!isObject(incoming.result)) {
      if ((await connection.discover()) !== null) {
        return 'no handshake';
      }
      const status = answer.status === 200 ? 200 : statusForClient(answer);
      if (status !== 200) {
        linkHelp(response, deps.publicUrl, status);
        passRetryAfter(response, answer);
      }
      const refusal = writeJson({ ...incoming, id: message.id });
      if (refusal.length > MAX_REFUSAL_BYTES) {
        throw protocolViolation(name, `its refusal is longer than ${MAX_REFUSAL_BYTES} characters`);
      }
      sendJson(request, response, status, mask === null ? refusal : await mask.error(refusal));
      return 'done';
    }
    const { protocolVersion: spoken } = incoming.result;
    const isTooNew = isNewerVersion(spoken, message.params.protocolVersion);
    if (sessionId !== undefined) {
      const version = isTooNew ? String(spoken) : undefined;
      const session = { id: sessionId, version, opensUrls: opensUrls(message.params.capabilities) };
      response.setHeader('Mcp-Session-Id', sealSession(deps.store.read.secrets, placeOf(call), session));
    }
    const result = {
      ...adapt(incoming.result, sessionId !== undefined),
      ...(isTooNew && { protocolVersion: message.params.protocolVersion }),
    };
    const adapted = writeJson({ ...incoming, id: message.id, result });
    sendJson(request, response, 200, mask === null ? adapted : await mask.result(adapted));
    return 'done';
  }
  if ((await connection.discover()) !== null) {
    return 'no handshake';
  }
  throw new ServerFailed(name, 'protocol', `does not speak the protocol: it answered with HTTP ${answer.status}.`);
}
