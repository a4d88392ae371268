import type { Egress } from '../egress/egress.ts';
import { discard, type HttpAnswer } from '../egress/exchange.ts';
import { isObject } from '../json.ts';
import { exchange, type ServerRequest, type Target } from './exchange.ts';
import { ServerFailed } from './failed.ts';
import { bytesOf, isJson, isStream, messagesOf, notTheProtocol, parsed, type ServerMessage } from './messages.ts';
import { once, patience } from './once.ts';
import { ownId, withId, withToken } from './own-ids.ts';
import { type Era, HANDSHAKE_VERSIONS, META, STATELESS_VERSION, statelessHeaders } from './protocol.ts';

/** Milliseconds without a byte after which a request is given up. */
export const SILENCE = 60_000;

/** A request in the words of whoever makes it: `id` and a progress token are mapped on the way and back. */
export type OwnRequest = {
  readonly id: unknown;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
};

/** What a server says of itself, in either era. */
export type ServerFacts = {
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly serverInfo: unknown;
  readonly instructions: unknown;
};
/** A session of the handshake versions; `id` is undefined when the server keeps none. */
export type Session = ServerFacts & {
  readonly id: string | undefined;
  /** What names the session and its version in every request. */
  readonly headers: Readonly<Record<string, string>>;
};

/** A server, connected to over Streamable HTTP. Every method throws ServerFailed, or the reason of the signal. */
export type Connection = {
  readonly target: Target;
  /** What the server says of itself in the stateless protocol, asked once; null when it does not speak it. */
  readonly discover: () => Promise<ServerFacts | null>;
  /** The gateway's own session, shared by all who have none; null when the server knows no handshake. */
  readonly session: () => Promise<Session | null>;
  /** One exchange as the caller words it. A 401 and a 403 are failures: they are about the server's own credentials. */
  readonly exchange: (request: ServerRequest) => Promise<HttpAnswer>;
  /**
   * A request with the gateway's own ids, in an era that the server speaks; the messages that answer it, in the
   * caller's ids, end with the response. A session that the server has forgotten is renewed, once: such a request was
   * not carried out. When the caller leaves early, the server is told to cancel.
   */
  readonly send: (request: OwnRequest, era: Era, signal: AbortSignal) => AsyncGenerator<ServerMessage>;
  /** As `send`, but a response that comes as JSON is that very JSON, with the caller's id in it: it is not parsed. */
  readonly ask: (request: OwnRequest, era: Era, signal: AbortSignal) => Promise<Buffer | AsyncGenerator<ServerMessage>>;
  /** Ends the gateway's own session. */
  readonly close: () => Promise<void>;
};

const CLIENT_INFO = { name: 'gatehouse', version: '1' };
/** Connects to a server when it is first asked something. */
export function connect(egress: Egress, target: Target): Connection {
  const { name } = target;

  const checked = async (request: ServerRequest): Promise<HttpAnswer> => {
    const answer = await exchange(egress, target, request);
    if (answer.status === 401 || answer.status === 403) {
      discard(answer);
      const what = `refused the credentials that it is sent (HTTP ${answer.status}). Whoever owns it must look after its headers.`;
      throw new ServerFailed(name, 'refused', what);
    }
    return answer;
  };
  const post = (
    message: object,
    headers: ServerRequest['headers'],
    signal: AbortSignal,
    silence = SILENCE,
  ): Promise<HttpAnswer> =>
    checked({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(message),
      signal,
      silence,
    });
  const postStateless = ({ method, params }: Omit<OwnRequest, 'id'>, id: string, signal: AbortSignal) => {
    const message = { jsonrpc: '2.0', id, method, params: withEnvelope(params) };
    // A subscription is silent as long as nothing changes.
    return post(message, statelessHeaders(method, params), signal, method === 'subscriptions/listen' ? 0 : SILENCE);
  };

  const discover = once(name, async (): Promise<ServerFacts | null> => {
    const id = ownId();
    const answer = await postStateless({ method: 'server/discover', params: {} }, id, patience());
    if (answer.status >= 500 || answer.status === 429) {
      discard(answer);
      throw notTheProtocol(name, `it answered with HTTP ${answer.status}`);
    }
    const response = await responseOf(name, answer, id).catch((error: unknown) => {
      // What older servers make of a method that they do not know need not be a message.
      if (error instanceof ServerFailed && error.kind === 'protocol') {
        return undefined;
      }
      throw error;
    });
    const result = response?.result;
    const versions = isObject(result) ? result.supportedVersions : undefined;
    if (!isObject(result) || !Array.isArray(versions) || !versions.includes(STATELESS_VERSION)) {
      return null;
    }
    const meta = isObject(result._meta) ? result._meta : {};
    return { ...factsOf(result), serverInfo: meta[`${META}serverInfo`] ?? result.serverInfo };
  });

  const beginSession = async (): Promise<Session | null> => {
    const id = ownId();
    const params = { protocolVersion: HANDSHAKE_VERSIONS[0], capabilities: {}, clientInfo: CLIENT_INFO };
    const answer = await post({ jsonrpc: '2.0', id, method: 'initialize', params }, {}, patience());
    const response = await responseOf(name, answer, id).catch(async (error: unknown) => {
      // What newer servers make of a method that they do not know need not be a message either.
      if (error instanceof ServerFailed && error.kind === 'protocol' && (await discover()) !== null) {
        return null;
      }
      throw error;
    });
    const result = response?.result;
    if (!isObject(result)) {
      if (await discover()) {
        return null;
      }
      throw notTheProtocol(name, 'it refused to initialize a session');
    }
    const sessionId = single(answer.headers['mcp-session-id']);
    const headers = {
      'mcp-protocol-version': String(result.protocolVersion),
      ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
    };
    const begun = { ...factsOf(result), serverInfo: result.serverInfo, id: sessionId, headers };
    const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };
    discard(await post(initialized, headers, patience()));
    return begun;
  };
  const session = once(name, () =>
    beginSession().catch((error: unknown) => {
      // Who knows neither may have been something in the server's place, such as the page of a proxy.
      discover.forget(null);
      throw error;
    }),
  );

  /** On the gateway's own session, which is begun anew when the server has forgotten it. */
  const postOnSession = async (message: object, signal: AbortSignal, isRetry = false): Promise<HttpAnswer> => {
    const current = await session();
    if (current === null) {
      throw notTheProtocol(name, 'it knows no handshake');
    }
    const answer = await post(message, current.headers, signal);
    if (answer.status === 404 && current.id !== undefined && !isRetry) {
      discard(answer);
      session.forget(current);
      return postOnSession(message, signal, true);
    }
    return answer;
  };

  /** Nobody waits for it any more; in the stateless protocol, the end of the connection says so. */
  const cancel = (era: Era, own: string): void => {
    if (era === 'handshake') {
      const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: own } };
      void postOnSession(cancelled, patience(), true).then(discard, () => undefined);
    }
  };

  const ask: Connection['ask'] = async ({ id, method, params }, era, signal) => {
    const own = ownId();
    const { params: mapped, restore } = withToken(params, own);
    try {
      const answer =
        era === 'stateless'
          ? await postStateless({ method, params: mapped }, own, signal)
          : await postOnSession({ jsonrpc: '2.0', id: own, method, params: mapped }, signal);
      if (!isJson(answer)) {
        return messages(answer, { own, id, era, restore });
      }
      const body = Buffer.isBuffer(answer.body) ? answer.body : await bytesOf(name, answer);
      return withId(body, own, id) ?? messages({ ...answer, body }, { own, id, era, restore });
    } catch (error) {
      if (signal.aborted) {
        cancel(era, own);
      }
      throw error;
    }
  };

  async function* messages(
    answer: HttpAnswer,
    { own, id, era, restore }: { own: string; id: unknown; era: Era; restore: (told: ServerMessage) => ServerMessage },
  ): AsyncGenerator<ServerMessage> {
    let isAnswered = false;
    try {
      for await (const message of answersIn(name, answer)) {
        if (message.method === undefined) {
          if (message.id === own || (message.id ?? null) === null) {
            isAnswered = true;
            yield { ...message, id };
            return;
          }
        } else if (message.id === undefined) {
          yield restore(message);
        } else if (era === 'handshake') {
          void postOnSession(answerTo(message), patience()).then(discard, () => undefined);
        }
      }
      isAnswered = true;
      throw new ServerFailed(name, 'broken', 'ended its answer before it had answered.');
    } finally {
      if (!isAnswered) {
        cancel(era, own);
      }
    }
  }

  async function* send(request: OwnRequest, era: Era, signal: AbortSignal): AsyncGenerator<ServerMessage> {
    const asked = await ask(request, era, signal);
    yield* Buffer.isBuffer(asked) ? parsed(name, asked.toString('utf8')) : asked;
  }

  const close = async (): Promise<void> => {
    const open = await session.known()?.catch(() => null);
    if (open?.id !== undefined) {
      const { headers } = open;
      const request = { method: 'DELETE', headers, signal: AbortSignal.timeout(1000), silence: 1000 } as const;
      await checked(request).then(discard, () => undefined);
    }
  };

  return { target, discover, session, exchange: checked, send, ask, close };
}

const withEnvelope = (params: OwnRequest['params']): OwnRequest['params'] => ({
  ...params,
  _meta: {
    [`${META}protocolVersion`]: STATELESS_VERSION,
    [`${META}clientInfo`]: CLIENT_INFO,
    [`${META}clientCapabilities`]: {},
    ...(params._meta as object),
  },
});

/** The gateway has no person and no model to ask: it only says that it is there. */
const answerTo = ({ id, method }: ServerMessage): object =>
  method === 'ping'
    ? { jsonrpc: '2.0', id, result: {} }
    : { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } };

const factsOf = ({ capabilities, instructions }: ServerMessage): Omit<ServerFacts, 'serverInfo'> => ({
  capabilities: isObject(capabilities) ? capabilities : {},
  instructions,
});

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

async function* answersIn(server: string, answer: HttpAnswer): AsyncGenerator<ServerMessage> {
  if (!isJson(answer) && !isStream(answer)) {
    discard(answer);
    throw notTheProtocol(server, `it answered with HTTP ${answer.status} and neither JSON nor events`);
  }
  yield* messagesOf(server, answer);
}

async function responseOf(server: string, answer: HttpAnswer, id: string): Promise<ServerMessage> {
  for await (const message of answersIn(server, answer)) {
    if (message.method === undefined && (message.id === id || (message.id ?? null) === null)) {
      return message;
    }
  }
  throw new ServerFailed(server, 'broken', 'ended its answer before it had answered.');
}
