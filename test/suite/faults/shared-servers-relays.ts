import type { Relay } from '../proxy.ts';
import { jsonOf, withBody, withJson, withoutHeader } from './fault.ts';

export const SHARED = /^\/admin\/api\/v1\/mcp-servers$/;
export const ONE = /^\/admin\/api\/v1\/mcp-servers\/[^/]+$/;
export const GRANTS = /^\/admin\/api\/v1\/mcp-servers\/[^/]+\/organizations$/;
const BELOW_ACCOUNT = /^\/integrated-account\/([^/?]+)/;

const LENIENT = { prefer: 'handling=lenient' };

/** A relay that saves what failed to come up, and answers this way or that. */
export const careless =
  (isTold: 'as it was' | 'as reloaded'): (() => Relay) =>
  () =>
  async (sent, forward) => {
    const came = await forward(sent);
    if (came.status !== 500 || sent.method !== 'POST' || !SHARED.test(sent.path)) {
      return came;
    }
    const saved = await forward({ ...sent, headers: { ...sent.headers, ...LENIENT } });
    if (isTold === 'as it was') {
      return came;
    }
    const reload = { status: 'reloaded', message: 'Saved and reloaded.', error: null };
    return withoutHeader('preference-applied')(withJson(saved, 201, { ...jsonOf(saved), reload }));
  };

/** A relay that merges a configuration into the one before. */
export const merging = (): Relay => async (sent, forward) => {
  const { mcpServer } = jsonOf(sent);
  if (sent.method !== 'PATCH' || !ONE.test(sent.path) || mcpServer?.name === undefined) {
    return forward(sent);
  }
  const before = jsonOf(await forward({ ...sent, method: 'GET', body: '' })).mcpServer;
  return forward(withBody(sent, (body) => ({ ...body, mcpServer: { ...before, ...mcpServer } })));
};

/** A relay that gives a taken `mcpServer.name` a second time. */
export const generous = (): Relay => async (sent, forward) => {
  const came = await forward(sent);
  if (came.status !== 409 || sent.method !== 'POST' || !SHARED.test(sent.path)) {
    return came;
  }
  const { name } = jsonOf(sent).mcpServer;
  const other = withBody(sent, (body) => ({ ...body, mcpServer: { ...body.mcpServer, name: `${name}-twice` } }));
  const second = await forward(other);
  return { ...second, body: second.body.replace(`"${name}-twice"`, `"${name}"`) };
};

/** A relay that hands out the slugs of deleted servers no more. */
export function grudging(): Relay {
  const slugs = new Map<string, string>();
  const gone = new Set<string>();
  return async (sent, forward) => {
    const came = await forward(sent);
    if (sent.method === 'POST' && SHARED.test(sent.path) && came.status === 201) {
      const { id, slug } = jsonOf(came).data;
      slugs.set(id, slug);
      return gone.has(slug) ? { ...came, body: came.body.replace(`"slug":"${slug}"`, `"slug":"${slug}-99"`) } : came;
    }
    if (sent.method === 'DELETE' && ONE.test(sent.path) && came.status === 200) {
      gone.add(slugs.get(jsonOf(came).data.id) ?? '');
    }
    return came;
  };
}

/** A relay that looks for a server before it reads the change. */
export const hasty = (): Relay => async (sent, forward) => {
  const came = await forward(sent);
  const isObject = Object.keys(jsonOf(sent)).length > 0 && sent.body.startsWith('{');
  if (came.status !== 422 || sent.method !== 'PATCH' || !ONE.test(sent.path) || !isObject) {
    return came;
  }
  const found = await forward({ ...sent, method: 'GET', body: '' });
  return found.status === 404 ? found : came;
};

/** A relay that takes variables of the gateway for others. */
export const trusting = (): Relay => async (sent, forward) => {
  const came = await forward(sent);
  const isRefused = came.status === 422 && sent.method === 'POST' && SHARED.test(sent.path);
  return isRefused && sent.body.includes('{GATEHOUSE_')
    ? forward({ ...sent, body: sent.body.replaceAll('{GATEHOUSE_', '{OTHER_') })
    : came;
};

/** A relay that grants to those that there are, and leaves out the others without a word. */
export const lax = (): Relay => async (sent, forward) => {
  const came = await forward(sent);
  const { organizations } = jsonOf(sent);
  if (came.status !== 422 || sent.method !== 'PUT' || !GRANTS.test(sent.path) || !came.body.includes('"unknown"')) {
    return came;
  }
  return withJson(came, 200, { organizations });
};

/** A relay with the ids of the shared servers that it has seen. */
const knowing = (relay: (isShared: (path: string) => boolean) => Relay) => (): Relay => {
  const ids = new Set<string>();
  const inner = relay((path) => ids.has(BELOW_ACCOUNT.exec(path)?.[1] ?? ''));
  return async (sent, forward) => {
    const came = await inner(sent, forward);
    if (sent.method === 'POST' && SHARED.test(sent.path) && came.status === 201) {
      ids.add(jsonOf(came).data.id);
    }
    return came;
  };
};

/** A relay for which a shared server is an account of everybody. */
export const promiscuous = knowing((isShared) => async (sent, forward) => {
  const came = await forward(sent);
  const id = BELOW_ACCOUNT.exec(sent.path)?.[1];
  if (came.status !== 404 || sent.method !== 'GET' || !isShared(sent.path) || !sent.path.endsWith(`/${id}`)) {
    return came;
  }
  const at = '2026-11-07T05:31:56.000Z';
  const account = { id, tenant_id: null, display_name: 'x', environment_integration_id: null };
  const rest = {
    integration: { id: null, name: 'mcp' },
    authentication_method: 'none',
    status: 'active',
    created_at: at,
    updated_at: at,
  };
  const { link: _, ...headers } = came.headers;
  return withJson({ ...came, headers: { ...headers, etag: '"1"' } }, 200, { ...account, ...rest });
});

/** A relay that remembers endpoints over shared servers, and answers those that are gone. */
export const remembering = knowing((isShared) => {
  const seen = new Map<string, string>();
  return async (sent, forward) => {
    const came = await forward(sent);
    if (sent.method === 'POST' && came.status === 201 && isShared(sent.path)) {
      const { token: _, url: __, ...endpoint } = jsonOf(came);
      seen.set(`${sent.path}/${endpoint.id}`, JSON.stringify(endpoint));
    }
    const kept = sent.method === 'GET' && came.status === 404 ? seen.get(sent.path) : undefined;
    return kept === undefined ? came : { ...came, status: 200, headers: { ...came.headers, etag: '"1"' }, body: kept };
  };
});

/** A relay that tells the headers of a server in the reason for which it is not reached. */
export const talkative = (): Relay => async (sent, forward) => {
  const came = await forward(sent);
  const { data, reload } = jsonOf(came);
  const isTold = sent.method === 'POST' && SHARED.test(sent.path) && typeof reload?.error === 'string';
  const told = isTold && came.status === 201 ? Object.values(data.mcpServer.headers).join(' ') : '';
  return told === ''
    ? came
    : withJson(came, 201, { data, reload: { ...reload, error: `${reload.error} It was sent ${told}.` } });
};
