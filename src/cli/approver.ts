import { createParser } from 'eventsource-parser';
import type { components } from '../../generated/api.ts';
import { isObject } from '../base/is-object.ts';
import { parseExact } from '../base/json.ts';
import { readJson } from '../base/read-json.ts';
import { createClient } from '../client/client.ts';
import { parseConfig } from '../config.ts';
import { UsageError } from './arguments.ts';
import type { Context } from './command.ts';
import { GatewayRefused, unreachable, urlOf } from './gateway.ts';

type Schemas = components['schemas'];
export type Summary = Schemas['ApprovalRequestSummary'];
export type Whole = Schemas['ApprovalRequest'];
export type DecisionBody = Omit<Schemas['ApprovalDecisionCreate'], 'arguments_digest' | 'definition_hash'>;

/** Something that has happened to a request, which is as it was then. */
export type RequestEvent = {
  readonly id: string;
  readonly event: string;
  readonly request: Schemas['ApprovalEventData'];
};

/** A client of the approval requests of a running gateway. Every method throws GatewayRefused. */
export type Approver = {
  /** Returns the requests that wait, oldest first. */
  readonly waiting: () => Promise<Summary[]>;
  /** Returns a request whole, with numbers as they are written. */
  readonly read: (id: string) => Promise<Whole>;
  /**
   * Opens the stream of what happens to requests, after an event or from now on. Returns null if the gateway does not keep
   * that event. It ends when the connection does.
   */
  readonly follow: (
    lastEventId: string | undefined,
    signal: AbortSignal,
  ) => Promise<AsyncIterable<RequestEvent> | null>;
  /** Decides about a request as it was read. */
  readonly decide: (seen: Whole, decision: DecisionBody) => Promise<Summary>;
};

/** Requests that one page holds. */
const PAGE_REQUESTS = 100;

/** Creates an approver with the key pair in the environment. Sends nothing yet. Throws UsageError and ConfigError. */
export function approverAt(givenUrl: string | undefined, env: Context['env']): Approver {
  const { apiKey, apiSecret } = parseConfig(env).firstCredentials;
  if (apiKey === null || apiSecret === null) {
    throw new UsageError(
      'GATEHOUSE_API_KEY and GATEHOUSE_API_SECRET: set them to a key pair with the permission approvals',
    );
  }
  const baseUrl = urlOf(givenUrl, env);
  // A redirect would not carry the credentials.
  const client = createClient({ baseUrl, apiKey, apiSecret, redirect: 'manual' });
  const ask = <D>(send: () => Promise<Answer<D>>) => answerOf(baseUrl, send);
  const page = async (at: number) => {
    const query = { status: 'pending', page: at, limit: PAGE_REQUESTS } as const;
    return (await ask(() => client.GET('/api/approval-requests', { params: { query } }))).data;
  };
  return {
    waiting: async () => {
      const requests: Summary[] = [];
      for (let at = 0; ; at += 1) {
        const { requests: found, has_next: hasNext } = await page(at);
        requests.push(...found);
        if (!hasNext) {
          return requests.reverse();
        }
      }
    },
    read: async (approvalRequestId) => {
      const params = { path: { approvalRequestId } };
      const path = '/api/approval-requests/{approvalRequestId}';
      const { data } = await ask(() => client.GET(path, { params }));
      // The contents of a request never change. In the text, numbers are as they were written.
      const text = await ask(() => client.GET(path, { params, parseAs: 'text' }));
      return { ...data, ...exactContents(text) };
    },
    follow: async (lastEventId, signal) => {
      const header = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
      const answer = await client
        .GET('/api/approval-requests/events', { params: { header }, parseAs: 'stream', signal })
        .catch((failure: unknown) => {
          throw unreachable(baseUrl, failure);
        });
      return answer.response.status === 409 ? null : eventsIn(await answerOf(baseUrl, async () => answer), baseUrl);
    },
    decide: async ({ id, arguments_digest, definition_hash }, decision) => {
      const params = { path: { approvalRequestId: id } };
      const body = { ...decision, arguments_digest, definition_hash };
      const decided = await ask(() =>
        client.POST('/api/approval-requests/{approvalRequestId}/decision', { params, body }),
      );
      return decided.data;
    },
  };
}

/** Reads the events of a stream. Throws GatewayUnreachable when the connection breaks. */
async function* eventsIn(stream: ReadableStream<Uint8Array> | null, url: string): AsyncGenerator<RequestEvent> {
  const found: RequestEvent[] = [];
  const parser = createParser({
    onEvent: ({ id = '', event = '', data }) =>
      found.push({ id, event, request: readJson(data) as RequestEvent['request'] }),
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of stream ?? []) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield* found.splice(0);
    }
  } catch (failure) {
    throw failure instanceof GatewayRefused ? failure : unreachable(url, failure);
  }
}

/** Returns the contents in the text of an answer. */
function exactContents(text: string): Pick<Whole, 'definition' | 'pinned_definition' | 'arguments'> {
  const { data } = parseExact(text) as { readonly data: Record<string, Record<string, unknown>> };
  const { definition = {}, pinned_definition: pinned, arguments: args } = data;
  return {
    definition,
    ...(pinned !== undefined && { pinned_definition: pinned }),
    ...('arguments' in data && { arguments: args ?? null }),
  };
}

type Answer<D> = { readonly data?: D; readonly error?: unknown; readonly response: Response };

async function answerOf<D>(url: string, send: () => Promise<Answer<D>>): Promise<D> {
  const { data, error } = await send().catch((failure: unknown) => {
    throw failure instanceof SyntaxError ? notGatehouse(url) : unreachable(url, failure);
  });
  if (data !== undefined) {
    return data;
  }
  throw isObject(error) && typeof error.error === 'string' ? new GatewayRefused(error.error) : notGatehouse(url);
}

const notGatehouse = (url: string): GatewayRefused =>
  new GatewayRefused(`The server at ${url} is not a Gatehouse with approval requests. Check the URL.`);
