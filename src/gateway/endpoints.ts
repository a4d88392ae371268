import { LRUCache } from 'lru-cache';
import { callTool } from '../calls/call-tool.ts';
import { calledServiceOf } from '../calls/service.ts';
import type { Deps } from '../deps.ts';
import { hashSecret } from '../ids.ts';
import * as accounts from '../store/accounts.ts';
import * as endpoints from '../store/endpoints.ts';
import * as integrations from '../store/integrations.ts';
import type { Db } from '../store/store.ts';
import { readTools } from '../tools/packed.ts';
import { matches } from '../tools/scope.ts';
import type { DerivedTool } from '../tools/types.ts';
import type { Served } from './serve.ts';

/** Milliseconds that a call may take. */
const TIMEOUT = 60_000;
/** Bytes of compressed tools whose parsed form is kept. */
const KEPT_BYTES = 8 * 1024 * 1024;

/**
 * What a token serves now: null when there is no such endpoint, when it has expired, or when it wants an API token of
 * its organization and `apiToken` is none. Asked anew for every message, so that a change or a deletion holds at once.
 */
export async function findServed(
  deps: Deps,
  token: string,
  apiToken: string | undefined,
  signal: AbortSignal,
): Promise<Served | null> {
  const db = deps.store.read;
  const found = await endpoints.findByTokenHash(db, hashSecret(token));
  if (found === null || (found.endpoint.expiresAt ?? Infinity) <= deps.now()) {
    return null;
  }
  const { endpoint, organizationId } = found;
  if (endpoint.config.require_api_token_auth === true) {
    const caller = apiToken === undefined ? undefined : await deps.credentials.apiToken(apiToken);
    if (caller?.organizationId !== organizationId) {
      return null;
    }
  }
  const account = await accounts.find(db, organizationId, endpoint.accountId);
  if (account?.kind !== 'service') {
    return null;
  }
  const integration = await integrations.find(db, organizationId, account.integrationId);
  if (integration === null) {
    return null;
  }
  const tools = await toolsOf(db, integration);
  return {
    name: endpoint.name,
    version: String(endpoint.version),
    policy: integration.approvalPolicy,
    tools: tools.filter((tool) => matches(tool, endpoint.config)),
    call: async (tool, args) => {
      const service = calledServiceOf(integration);
      const { result, credentialsRefused } = await callTool(deps, {
        tool,
        args,
        account,
        service,
        signal,
        timeoutMs: TIMEOUT,
      });
      await noteStatus(deps, account, credentialsRefused ? 'needs_reauth' : 'active', result.isError === true);
      return result;
    },
  };
}

/** An account says whether its credentials were taken the last time; a failure of another kind says nothing of them. */
async function noteStatus(
  { store }: Deps,
  account: accounts.ServiceAccount,
  status: string,
  isError: boolean,
): Promise<void> {
  if (account.status !== status && (status === 'needs_reauth' || !isError)) {
    await store.write((db) => accounts.setStatus(db, account.id, status));
  }
}

const cache = new LRUCache<string, Promise<DerivedTool[]>>({ maxSize: KEPT_BYTES, max: 1000 });

/** The tools of an integration in its present version, parsed once for all who ask. */
async function toolsOf(db: Db, { id, version }: integrations.Integration): Promise<DerivedTool[]> {
  const key = `${id} ${version}`;
  const known = cache.get(key);
  if (known !== undefined) {
    return known;
  }
  const packed = await integrations.tools(db, id);
  const parsed = unpack(packed);
  cache.set(key, parsed, { size: packed.length });
  return parsed;
}

async function unpack(packed: Uint8Array): Promise<DerivedTool[]> {
  const tools: DerivedTool[] = [];
  for await (const tool of readTools(packed)) {
    tools.push(tool);
  }
  return tools;
}
