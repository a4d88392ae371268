import { LRUCache } from 'lru-cache';
import { readKnown } from '../approvals/decide-tool.ts';
import { calledServiceOf } from '../calls/service.ts';
import type { Deps } from '../deps.ts';
import { hashSecret } from '../ids.ts';
import type { SharedUse } from '../runtime/connectable.ts';
import * as accounts from '../store/accounts.ts';
import * as endpoints from '../store/endpoints.ts';
import * as integrations from '../store/integrations.ts';
import * as servers from '../store/servers.ts';
import * as sharedServers from '../store/shared-servers.ts';
import type { Db } from '../store/store.ts';
import { readTools } from '../tools/packed.ts';
import { selectTools } from '../tools/scope.ts';
import type { DerivedTool } from '../tools/types.ts';
import type { ServedService } from './service.ts';
import { type ServedServer, serverView } from './view.ts';

/** What a token serves: an endpoint, and where its tools come from. */
export type Served = {
  readonly endpoint: endpoints.Endpoint;
  readonly organizationId: string;
  readonly source: ServedService | ServedServer;
};

/** Finds what tokens serve. */
export type Endpoints = {
  /**
   * What a token serves now: null when there is no such endpoint, when it has expired, or when it wants an API token of
   * its organization and `apiToken` is none. A change of anything that it depends on holds for the next message.
   */
  readonly find: (token: string, apiToken: string | undefined) => Promise<Served | null>;
};

/** Endpoints that are kept as they were last read, and bytes of compressed tools whose parsed form is. */
const KEPT_ENDPOINTS = 10_000;
const KEPT_BYTES = 8 * 1024 * 1024;

/** What was read of an endpoint. It holds as long as nothing of these topics has changed since the count was `changes`. */
type Kept = { readonly served: Served; readonly topics: readonly string[]; changes: number };
type Reading = { readonly changes: number; readonly served: Promise<Served | null> };

/** Makes the finder of one gateway. What it has read it keeps until something that it depends on changes. */
export function createEndpoints({ store, credentials, now }: Pick<Deps, 'store' | 'credentials' | 'now'>): Endpoints {
  /** By token, which is as secret in memory as the requests that bring it. */
  const kept = new LRUCache<string, Kept>({ max: KEPT_ENDPOINTS });
  const underWay = new Map<string, Reading>();
  const derived = new LRUCache<string, Promise<DerivedTool[]>>({ maxSize: KEPT_BYTES, max: 1000 });

  const read = async (db: Db, tokenHash: string): Promise<Omit<Kept, 'changes'> | null> => {
    const found = await endpoints.findByTokenHash(db, tokenHash);
    if (found === null) {
      return null;
    }
    const { endpoint, account } = found;
    const { id, organizationId, accountId } = endpoint;
    const source =
      account.kind === 'service'
        ? await readService(db, endpoint, account.integrationId)
        : await readServer(db, endpoint, account);
    if (source === null) {
      return null;
    }
    const ofSource = account.kind === 'service' ? account.integrationId : account.serverId;
    return {
      served: { endpoint, organizationId, source },
      topics: [...new Set([id, organizationId, accountId, ofSource])],
    };
  };

  /** Reads what a token serves, and keeps it. What fails is asked again by the next message. */
  const begin = (token: string, changes: number): Reading => {
    const keep = (found: Omit<Kept, 'changes'> | null): Served | null => {
      if (found === null) {
        // What nobody has must not push out what somebody has.
        kept.delete(token);
        return null;
      }
      kept.set(token, { ...found, changes });
      return found.served;
    };
    const served = read(store.read, hashSecret(token))
      .then(keep)
      .finally(() => underWay.delete(token));
    const reading = { changes, served };
    underWay.set(token, reading);
    return reading;
  };

  /** What is kept of a token and still holds. */
  const unchanged = (token: string): Served | undefined => {
    const known = kept.get(token);
    if (known === undefined || store.hasChanged(known.topics, known.changes)) {
      return undefined;
    }
    known.changes = store.changes();
    return known.served;
  };

  const readCurrent = async (token: string): Promise<Served | null> => {
    for (;;) {
      const known = unchanged(token);
      if (known !== undefined) {
        return known;
      }
      const changes = store.changes();
      const reading = underWay.get(token) ?? begin(token, changes);
      const served = await reading.served;
      // A reading that others began may not have seen what has changed since: what it has found is looked at again.
      if (reading.changes === changes) {
        return served;
      }
    }
  };

  const readService = async (
    db: Db,
    { organizationId, accountId, config }: endpoints.Endpoint,
    integrationId: string,
  ): Promise<ServedService | null> => {
    const account = await accounts.find(db, organizationId, accountId);
    const integration = await integrations.find(db, organizationId, integrationId);
    if (account?.kind !== 'service' || integration === null) {
      return null;
    }
    const { approvalPolicy: policy } = integration;
    const tools = selectTools(await derivedTools(db, integration), config);
    return { kind: 'service', account, service: calledServiceOf(integration), policy, tools };
  };

  /** The tools of an integration in its present version, parsed once for all who ask. */
  const derivedTools = async (db: Db, { id, version }: integrations.Integration): Promise<DerivedTool[]> => {
    const key = `${id} ${version}`;
    const known = derived.get(key);
    if (known !== undefined) {
      return known;
    }
    const packed = await integrations.tools(db, id);
    const parsed = unpack(packed);
    derived.set(key, parsed, { size: packed.length });
    return parsed;
  };

  return {
    find: async (token, apiToken) => {
      const served = unchanged(token) ?? (await readCurrent(token));
      if (served === null || (served.endpoint.expiresAt ?? Number.POSITIVE_INFINITY) <= now()) {
        return null;
      }
      if (served.endpoint.config.require_api_token_auth === true) {
        const caller = apiToken === undefined ? undefined : await credentials.apiToken(apiToken);
        return caller?.organizationId === served.organizationId ? served : null;
      }
      return served;
    },
  };
}

async function readServer(
  db: Db,
  { organizationId, config }: endpoints.Endpoint,
  account: Extract<endpoints.Source, { kind: 'server' }>,
): Promise<ServedServer | null> {
  const { serverId, isShared } = account;
  const server = isShared
    ? await readShared(db, organizationId, serverId)
    : await servers.find(db, organizationId, serverId);
  if (server === null) {
    return null;
  }
  return { kind: 'server', server, scope: config, view: serverView(server, config, await readKnown(db, serverId)) };
}

/** The operator answers for what they share: its calls wait for nobody. */
async function readShared(db: Db, organizationId: string, id: string): Promise<SharedUse | null> {
  const server = await sharedServers.find(db, id);
  return server === null
    ? null
    : { isShared: true, id, name: server.slug, organizationId, tags: [], approvalPolicy: 'auto_approve_all' };
}

async function unpack(packed: Uint8Array): Promise<DerivedTool[]> {
  const tools: DerivedTool[] = [];
  for await (const tool of readTools(packed)) {
    tools.push(tool);
  }
  return tools;
}
