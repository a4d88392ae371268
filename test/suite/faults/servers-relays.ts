import type { Json } from '../../support/json.ts';
import type { Came, Relay } from '../proxy.ts';
import { inData, jsonOf, withBody } from './fault.ts';

const SERVER = /^\/api\/mcp-servers\/mcp_[^/?]+$/;
const APPROVALS = /\/tool-approvals$/;

/** A relay that answers all tool approvals ever added, not one per tool. */
export function duplicating(): Relay {
  const added = new Map<string, Json[]>();
  return async (sent, forward) => {
    const came = await forward(sent);
    const all = added.get(sent.path) ?? [];
    if (APPROVALS.test(sent.path) && came.status === 201) {
      added.set(sent.path, [...all, jsonOf(came).data]);
    }
    return APPROVALS.test(sent.path) && sent.method === 'GET' ? inData(() => all)(came, sent) : came;
  };
}

/** A relay that remembers servers, and answers those that are gone. */
export function remembering(): Relay {
  const read = new Map<string, Came>();
  return async (sent, forward) => {
    const came = await forward(sent);
    if (sent.method !== 'GET' || !SERVER.test(sent.path)) {
      return came;
    }
    if (came.status === 200) {
      read.set(sent.path, came);
    }
    return came.status === 404 ? (read.get(sent.path) ?? came) : came;
  };
}

/** A relay that asks again with other people's key pairs what is not found with one's own. */
export function promiscuous(): Relay {
  const pairs = new Map<string, { 'x-api-key': string; 'x-api-secret': string }>();
  return async (sent, forward) => {
    const came = await forward(sent);
    const { 'x-api-key': key = '', 'x-api-secret': secret = '' } = sent.headers;
    if (came.status < 400) {
      pairs.set(key, { 'x-api-key': key, 'x-api-secret': secret });
    }
    if (came.status !== 404 || sent.method !== 'GET' || !SERVER.test(sent.path)) {
      return came;
    }
    const asked = [...pairs.values()].map((pair) => forward({ ...sent, headers: { ...sent.headers, ...pair } }));
    const others = await Promise.all(asked);
    return others.find(({ status }) => status === 200) ?? came;
  };
}

/** A relay for which a server was last updated when it was created. */
export function frozen(): Relay {
  const times = new Map<string, number>();
  return async (sent, forward) => {
    const came = await forward(sent);
    const { data } = jsonOf(came);
    if (data?.created_at !== undefined) {
      times.set(data.id, data.created_at);
    }
    return times.has(data?.id) && data.updated_at !== undefined
      ? inData(() => ({ ...data, updated_at: times.get(data.id) }))(came, sent)
      : came;
  };
}

/** A relay that merges request headers where they should be replaced. */
export const merging = (): Relay => async (sent, forward) => {
  if (sent.method !== 'PATCH' || !SERVER.test(sent.path) || jsonOf(sent).request_headers === undefined) {
    return forward(sent);
  }
  const { data } = jsonOf(await forward({ ...sent, method: 'GET', body: '' }));
  const merge = (body: Json) => ({ ...body, request_headers: { ...data?.request_headers, ...body.request_headers } });
  return forward(withBody(sent, merge));
};
