import { setTimeout as delay } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Json } from '../json.ts';
import { requestOf } from '../mcp-client.ts';
import { type AskOptions, oldTransport, type TableClient } from './clients.ts';
import type { Reached } from './servers.ts';

/** How a client writes its messages: in a session, without one, or in the version 2026-07-28. */
export type Way = 'session' | 'single' | 'stateless';

/** An error as a server says it. */
class Refused extends Error {
  readonly code: unknown;
  readonly status: number;
  constructor(status: number, { code, message }: Json) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Sends a message; yields those that come because of it. */
type Send = (message: Json, headers: Readonly<Record<string, string>>, signal?: AbortSignal) => AsyncIterable<Json>;
type Wire = { readonly send: Send; readonly close: () => Promise<unknown> };

const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'table', version: '1' } };
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

/** Connects a client that writes all messages by hand. */
export async function connectRaw(reached: Reached, way: Way): Promise<TableClient> {
  const heard: string[] = [];
  const waiting = new AbortController();
  const note = ({ id, method }: Json): void => void (id === undefined && heard.push(method));
  const wire = reached.transport === 'STREAMABLE_HTTP' ? overHttp(reached.url) : await overChannel(reached, note);
  let ids = 0;
  let session: Readonly<Record<string, string>> = {};

  const ask = async (method: string, params: Json, { onProgress, signal }: AskOptions = {}): Promise<Json> => {
    const id = ++ids;
    const token = onProgress === undefined ? undefined : id;
    const { _meta, ...others } = params;
    const { body, headers } = requestOf(way === 'stateless' ? 'stateless' : 'just calls', id, method, others) as Json;
    const meta = { ...body.params._meta, ..._meta, ...(token !== undefined && { progressToken: token }) };
    const message = { ...body, params: { ...body.params, ...(Object.keys(meta).length > 0 && { _meta: meta }) } };
    // In 2026-07-28 over HTTP, the end of the connection cancels.
    let isOver = false;
    const isLeft = way === 'stateless' && reached.transport === 'STREAMABLE_HTTP';
    const cancelled = new Promise<never>((_, reject) =>
      signal?.addEventListener('abort', () => {
        if (!isLeft && !isOver) {
          const params = { requestId: id };
          void drain(wire.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params }, session)).catch(
            // Nobody waits for it, and the server may be gone.
            () => undefined,
          );
        }
        reject(signal.reason);
      }),
    );
    const answered = async (): Promise<Json> => {
      for await (const got of wire.send(message, { ...headers, ...session }, isLeft ? signal : waiting.signal)) {
        if (got.method === 'notifications/progress') {
          onProgress?.(got.params);
        } else if (got.method !== undefined) {
          note(got);
        } else if (got.id === id || got.id === null) {
          if (got.error !== undefined) {
            throw new Refused(got.status, got.error);
          }
          session = got.session === undefined ? session : { 'Mcp-Session-Id': got.session };
          return got.result;
        }
      }
      throw new Error('There was no answer.');
    };
    cancelled.catch(() => undefined);
    return Promise.race([answered(), cancelled]).finally(() => {
      isOver = true;
    });
  };

  let capabilities: Json = null;
  if (way === 'session') {
    ({ capabilities } = await ask('initialize', INITIALIZE));
    session = { ...session, 'MCP-Protocol-Version': '2025-11-25' };
    await drain(wire.send({ jsonrpc: '2.0', method: 'notifications/initialized' }, session));
    if (reached.transport === 'STREAMABLE_HTTP') {
      void listen(reached.url, session, note, waiting.signal);
    }
  } else if (way === 'stateless') {
    ({ capabilities } = await ask('server/discover', {}));
  }
  return {
    capabilities,
    ask,
    wantLog: async () => {
      if (way === 'stateless') {
        return { [LOG_LEVEL]: 'debug' };
      }
      await ask('logging/setLevel', { level: 'debug' });
      return {};
    },
    subscribe: async (uri) => {
      if (way !== 'stateless') {
        return ask('resources/subscribe', { uri });
      }
      const listening = ask('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } });
      // It answers at its end; a refusal comes soon, and so does the acknowledgement.
      const acknowledged = async () => {
        while (!heard.includes('notifications/subscriptions/acknowledged')) {
          await delay(10);
        }
      };
      return Promise.race([listening, acknowledged(), delay(2000)]);
    },
    heard,
    close: async () => {
      waiting.abort();
      await wire.close();
    },
  };
}

async function drain(messages: AsyncIterable<Json>): Promise<void> {
  for await (const _ of messages) {
    // Nothing is expected.
  }
}

async function* eventsOf(response: Response): AsyncGenerator<Json> {
  const events = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()) ?? [];
  for await (const { data } of events as AsyncIterable<{ data: string }>) {
    if (data !== '') {
      yield JSON.parse(data);
    }
  }
}

function overHttp(url: string): Wire {
  async function* send(...[message, headers, signal]: Parameters<Send>): AsyncGenerator<Json> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers },
      body: JSON.stringify(message),
      signal: signal ?? null,
    });
    const { status } = response;
    const session = response.headers.get('mcp-session-id') ?? undefined;
    const more = { status, ...(session !== undefined && { session }) };
    const type = response.headers.get('content-type') ?? '';
    if (type.startsWith('text/event-stream')) {
      for await (const got of eventsOf(response)) {
        yield { ...got, ...more };
      }
      return;
    }
    const body = await response.text();
    if (type.startsWith('application/json')) {
      const got = JSON.parse(body);
      yield got.jsonrpc === '2.0' ? { ...got, ...more } : { id: null, error: { message: body }, ...more };
    } else if (message.id !== undefined) {
      throw new Refused(status, { message: `HTTP ${status} ${body}` });
    }
  }
  return { send, close: async () => undefined };
}

/** Reads the stream of notifications of a session. */
async function listen(
  url: string,
  session: Readonly<Record<string, string>>,
  note: (message: Json) => void,
  signal: AbortSignal,
): Promise<void> {
  const headers = { Accept: 'text/event-stream', ...session };
  try {
    const response = await fetch(url, { headers, signal });
    for await (const message of response.ok ? eventsOf(response) : []) {
      note(message);
    }
  } catch {
    // The stream ends with the server, or with the client.
  }
}

/** A channel of single messages: of the SDK v1 is only what carries them. */
async function overChannel(reached: Reached, note: (message: Json) => void): Promise<Wire> {
  const channel = oldTransport(reached);
  const queues = new Map<unknown, (message: Json) => void>();
  let isClosed = false;
  channel.onclose = () => {
    isClosed = true;
    for (const give of queues.values()) {
      give(null);
    }
  };
  channel.onerror = () => undefined;
  channel.onmessage = (message: Json) => {
    const { id, method, params } = message;
    const queue = queues.get(method === 'notifications/progress' ? params.progressToken : id);
    queue === undefined ? note(message) : queue(message);
  };
  await channel.start();
  async function* send(message: Json): AsyncGenerator<Json> {
    if (message.id === undefined) {
      await channel.send(message);
      return;
    }
    const came: Json[] = [];
    let wake: (() => void) | undefined;
    queues.set(message.id, (one) => {
      came.push(one);
      wake?.();
    });
    await channel.send(message);
    while (true) {
      if (came.length === 0 && !isClosed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const next = came.shift();
      if (next === undefined || next === null) {
        throw new Error('The connection is closed.');
      }
      yield next;
    }
  }
  return { send, close: () => channel.close() };
}
