import type { BareConnection, ConnectionOptions, ServerSession } from './connection.ts';
import { createFactsMemory } from './facts-memory.ts';
import { type JsonRpcPipe, openJsonRpcPipe } from './json-rpc-pipe.ts';
import { memoizeUntilFailure } from './memoize-until-failure.ts';
import { protocolViolation, type ServerMessage } from './messages.ts';
import type { Pipe, PipeFailure, PipeReader } from './pipe.ts';
import {
  type Era,
  factsOfDiscovery,
  factsOfSession,
  factsOfSharedSession,
  HANDSHAKE_VERSIONS,
  INITIALIZED_NOTIFICATION,
  initializeParams,
  refusesVersion,
  type ServerFacts,
  withStatelessMeta,
} from './protocol.ts';
import { createRequestIds, mapProgressToken } from './request-ids.ts';
import { disconnected, ServerFailed } from './server-failed.ts';
import { openSse } from './sse.ts';
import { StderrBuffer } from './stderr-buffer.ts';
import { openProcess } from './stdio.ts';
import type { PipeTarget } from './target.ts';
import { openWebSocket } from './websocket.ts';

/**
 * Milliseconds for which a failure to connect answers all callers, so that a broken server is not started in a loop.
 */
const FAILURE_REMEMBERED_MS = 1000;

/** An open pipe, and the description that its server gave. */
type Introduced = { readonly line: JsonRpcPipe } & (
  | { readonly era: 'handshake'; readonly facts: ServerSession }
  | { readonly era: 'stateless'; readonly facts: ServerFacts }
);

/**
 * Creates a connection to a server over a pipe, which has one session: that of the gateway. It opens at the first
 * request, and again after it has ended. It tries the handshake first, because older servers may not understand any
 * other first message, and remembers the era of the server.
 */
export function createPipeConnection(
  { egress, memory, onLost, onHealth, limits }: ConnectionOptions,
  target: PipeTarget,
): BareConnection {
  const { name, idleTimeoutMs } = target;
  // A process may have to be downloaded first. To end it would begin the download anew each time.
  const startTimeoutMs =
    target.transport === 'stdio' ? Math.max(limits.introductionTimeoutMs, idleTimeoutMs) : limits.introductionTimeoutMs;
  const stderr = new StderrBuffer(target.transport === 'stdio' ? target.secrets.map(({ value }) => value) : []);
  const ownId = createRequestIds();
  const listeners = new Set<() => void>();
  const room = createFactsMemory(memory);
  const closed = new AbortController();
  let verdict: Era = 'handshake';
  /** A line whose server has not introduced itself, and one whose has. */
  let strange: JsonRpcPipe | undefined;
  let present: JsonRpcPipe | undefined;
  let isKnown = false;
  let failed: { readonly error: unknown; readonly at: number } | undefined;

  const open = (reader: PipeReader, signal: AbortSignal): Promise<Pipe> => {
    switch (target.transport) {
      case 'stdio':
        return openProcess(target, reader, stderr, signal, memory);
      case 'websocket':
        return openWebSocket(egress, target, reader, signal, memory);
      case 'sse':
        return openSse(egress, target, reader, signal, memory);
    }
  };

  const tellChanged = (): void => {
    for (const listener of listeners) {
      listener();
    }
  };

  const begin = async (): Promise<Introduced> => {
    if (failed !== undefined && performance.now() - failed.at < FAILURE_REMEMBERED_MS) {
      throw failed.error;
    }
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(startTimeoutMs)]);
    let begun: Introduced | undefined;
    let ended: PipeFailure | undefined;
    try {
      signal.throwIfAborted();
      const line = await openJsonRpcPipe({
        name,
        idleTimeoutMs,
        open: (reader) => open(reader, signal),
        onChanged: tellChanged,
        memory,
        onEnd: (failure) => {
          ended = failure;
          if (begun !== undefined) {
            introduced.forget(begun);
            present = undefined;
            onLost(failure instanceof ServerFailed ? failure : hasNoRoom(name));
          }
        },
      });
      strange = line;
      begun = await introduceOver(name, line, ownId, verdict, signal).catch(async (error: unknown) => {
        await line.close();
        throw error;
      });
      if (ended !== undefined) {
        throw ended;
      }
      // The pipe stays open and holds its own memory: the server is not asked twice.
      room.keep('session', begun.facts.bytes, () => undefined);
    } catch (error) {
      const reason = closed.signal.aborted ? disconnected(name) : error;
      failed = { error: reason, at: performance.now() };
      throw reason;
    }
    begun.line.introduced();
    strange = undefined;
    failed = undefined;
    verdict = begun.era;
    present = begun.line;
    if (isKnown) {
      // The tools may have changed while no connection was open.
      tellChanged();
    }
    isKnown = true;
    return begun;
  };
  const introduced = memoizeUntilFailure(name, begin, startTimeoutMs, (failure) => {
    if (!closed.signal.aborted) {
      onHealth(failure);
    }
  });

  async function* send(...[request, era, signal]: Parameters<BareConnection['send']>): AsyncGenerator<ServerMessage> {
    const { line } = await introduced();
    const own = ownId();
    const { params, restore } = mapProgressToken(request.params, own);
    const { method, mayBeSent } = request;
    const asked = { id: own, method, params: era === 'stateless' ? withStatelessMeta(params) : params, mayBeSent };
    for await (const message of line.request(asked, signal)) {
      const told = message.method === undefined ? { ...message, id: request.id } : restore(message);
      if (told !== undefined) {
        yield told;
      }
    }
  }

  return {
    target,
    introduce: introduced,
    discover: async () => {
      const { era, facts } = await introduced();
      return era === 'stateless' ? facts : null;
    },
    session: async () => {
      const { era, facts } = await introduced();
      return era === 'handshake' ? facts : null;
    },
    sendHttp: null,
    isSessionLost: async () => false,
    isStillStateless: async () => true,
    send,
    sendRaw: async (request, era, signal) => send(request, era, signal),
    listen: async (onChanged, signal) => {
      listeners.add(onChanged);
      signal.addEventListener('abort', () => listeners.delete(onChanged), { once: true });
    },
    isOpen: () => present !== undefined,
    knownFault: () => ((strange?.strayCount() ?? 0) > 0 ? saysNothing(name) : null),
    stderr: () => (target.transport === 'stdio' ? stderr.text() : null),
    close: async () => {
      closed.abort();
      const open = await introduced.known()?.catch(() => undefined);
      await open?.line.close();
      room.release();
    },
  };
}

/** The failure for a pipe whose memory another holder needed. */
const hasNoRoom = (name: string): ServerFailed =>
  new ServerFailed(
    name,
    'broken',
    'was disconnected by the gateway: there was no memory for what it sent or was sent.',
  );

const saysNothing = (name: string): ServerFailed => protocolViolation(name, 'what it says are no JSON-RPC messages');

/** Requests the introduction of a server. Throws ServerFailed, or the reason of the signal. */
async function introduceOver(
  name: string,
  line: JsonRpcPipe,
  ownId: () => number,
  verdict: Era,
  signal: AbortSignal,
): Promise<Introduced> {
  const responseTo = async (method: string, params: Readonly<Record<string, unknown>>): Promise<ServerMessage> => {
    for await (const message of line.request({ id: ownId(), method, params }, signal)) {
      if (message.method === undefined) {
        return message;
      }
    }
    return {};
  };
  /** Asks for a session, in an older version after each refusal of a version. */
  const initialize = async (): Promise<ServerMessage> => {
    let response: ServerMessage = {};
    for (const version of HANDSHAKE_VERSIONS) {
      response = await responseTo('initialize', initializeParams(version));
      if (!refusesVersion(response)) {
        break;
      }
    }
    return response;
  };
  try {
    if (verdict === 'handshake') {
      const session = factsOfSession(name, (await initialize()).result);
      if (session !== null) {
        line.notify(INITIALIZED_NOTIFICATION);
        return { line, era: 'handshake', facts: { ...factsOfSharedSession(session), id: undefined, headers: {} } };
      }
    }
    const facts = factsOfDiscovery(name, (await responseTo('server/discover', withStatelessMeta({}))).result);
    if (facts === null) {
      throw protocolViolation(name, 'it refused to initialize a session');
    }
    return { line, era: 'stateless', facts: factsOfSharedSession(facts) };
  } catch (error) {
    if ((error as Error).name === 'TimeoutError' && line.strayCount() > 0) {
      throw saysNothing(name);
    }
    throw error;
  }
}
