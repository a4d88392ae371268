import type { Json } from '../../support/json.ts';
import type { Came, Relay } from '../proxy.ts';
import { jsonOf, withBody, withJson } from './fault.ts';

const ONE = /^\/(?:integration|integrated-account)\/[^/?]+(?:\/mcp\/[^/?]+)?$/;

/** A relay that remembers endpoints, and answers those that are gone. */
export function remembering(): Relay {
  const read = new Map<string, Came>();
  return async (sent, forward) => {
    const came = await forward(sent);
    if (sent.method === 'POST' && came.status === 201 && sent.path.endsWith('/mcp')) {
      const { token: _, url: __, ...endpoint } = jsonOf(came);
      read.set(came.headers.location?.replace(/^https?:\/\/[^/]+/, '') ?? '', withJson(came, 200, endpoint));
    }
    return sent.method === 'GET' && came.status === 404 ? (read.get(sent.path) ?? came) : came;
  };
}

/** A relay that asks again with other people's tokens what is not found with one's own. */
export function promiscuous(): Relay {
  const tokens = new Set<string>();
  return async (sent, forward) => {
    const came = await forward(sent);
    if (came.status < 400) {
      tokens.add(sent.headers.authorization ?? '');
    }
    if (came.status !== 404 || sent.method !== 'GET' || !ONE.test(sent.path)) {
      return came;
    }
    const others = [...tokens].map((authorization) =>
      forward({ ...sent, headers: { ...sent.headers, authorization } }),
    );
    return (await Promise.all(others)).find(({ status }) => status === 200) ?? came;
  };
}

/** A relay that wants every credential of an account anew with each change of one. */
export function forgetful(): Relay {
  const wanted = new Map<string, readonly string[]>();
  return async (sent, forward) => {
    const { context } = jsonOf(sent);
    if (sent.method === 'PATCH' && context !== undefined) {
      const missing = (wanted.get(sent.path.split('/')[2] ?? '') ?? []).filter((key) => context[key] === undefined);
      const [key] = missing;
      return forward(
        key === undefined ? sent : withBody(sent, (body) => ({ ...body, authentication_method: 'bearer' })),
      );
    }
    const came = await forward(sent);
    if (sent.method === 'POST' && came.status === 201 && context !== undefined) {
      wanted.set(jsonOf(came).id, Object.keys(context));
    }
    return came;
  };
}

/** A relay that tells credentials of accounts again, in a list. */
export function talkative(): Relay {
  const tenants = new Map<string, string>();
  return async (sent, forward) => {
    const came = await forward(sent);
    const { api_key } = jsonOf(sent).context ?? {};
    if (came.status === 201 && api_key !== undefined) {
      tenants.set(jsonOf(came).id, api_key);
    }
    const { result } = jsonOf(came);
    return sent.method === 'GET' && sent.path === '/integrated-account' && Array.isArray(result)
      ? withJson(came, 200, {
          ...jsonOf(came),
          result: result.map((account: Json) => ({
            ...account,
            tenant_id: tenants.get(account.id) ?? account.tenant_id,
          })),
        })
      : came;
  };
}
