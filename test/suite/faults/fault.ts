import type { Json } from '../../support/json.ts';
import type { Came, Relay, Sent } from '../proxy.ts';

/** A lie that a proxy tells about a good server. */
export type Fault = {
  readonly name: string;
  /** The check that finds it, first of all checks. */
  readonly caughtBy: string;
  /** It takes all APIs to find it; without this, its own is checked alone. */
  readonly across?: true;
  /** Makes the proxy's part, with a memory of its own. */
  readonly plant: () => Relay;
};

export const jsonOf = ({ body }: { readonly body: string }): Json => {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
};

/** Changes all answers. */
export const everywhere =
  (change: (came: Came, sent: Sent) => Came): (() => Relay) =>
  () =>
  async (sent, forward) =>
    change(await forward(sent), sent);

/** Changes the answers to matching requests. */
export const inAnswers =
  (method: string, path: RegExp, change: (came: Came, sent: Sent) => Came): (() => Relay) =>
  () =>
  async (sent, forward) => {
    const came = await forward(sent);
    return sent.method === method && path.test(sent.path) ? change(came, sent) : came;
  };

/** Changes matching requests before they get there. */
export const inRequests =
  (method: string, path: RegExp, change: (sent: Sent) => Sent): (() => Relay) =>
  () =>
  (sent, forward) =>
    forward(sent.method === method && path.test(sent.path) ? change(sent) : sent);

/** Changes the JSON of successful answers. */
export const inBody =
  (change: (json: Json, sent: Sent) => Json) =>
  (came: Came, sent: Sent): Came =>
    came.status < 300 ? { ...came, body: JSON.stringify(change(jsonOf(came), sent)) } : came;

/** The same, in the `result` of a list of the Accounts API. */
export const inResult = (change: (result: Json[]) => Json[]) =>
  inBody((json) => ({ ...json, result: change(json.result) }));

/** The same, in the `data` of the Servers API. */
export const inData = (change: (data: Json, sent: Sent) => Json) =>
  inBody((json, sent) => ({ ...json, data: change(json.data, sent) }));

export const withoutHeader =
  (name: string) =>
  (came: Came): Came => {
    const { [name]: _, ...headers } = came.headers;
    return { ...came, headers };
  };

/** The request with other query parameters. */
export function withQuery(sent: Sent, change: (query: URLSearchParams) => void): Sent {
  const url = new URL(sent.path, 'http://proxy');
  change(url.searchParams);
  return { ...sent, path: `${url.pathname}${url.search}` };
}

/** The request with another JSON body, where it has one with a key. */
export const withBody = (sent: Sent, change: (json: Json) => Json): Sent =>
  Object.keys(jsonOf(sent)).length === 0 ? sent : { ...sent, body: JSON.stringify(change(jsonOf(sent))) };

/** Changes the answers of one status. */
export const when =
  (status: number, change: (came: Came) => Came) =>
  (came: Came): Came =>
    came.status === status ? change(came) : came;

export const withJson = (came: Came, status: number, json: Json): Came => ({
  ...came,
  status,
  body: JSON.stringify(json),
});
