import { readKnownTools } from '../approvals/decide-tool.ts';
import { ApiError } from '../base/errors.ts';
import { hashSecret } from '../base/ids.ts';
import { MemoryCache } from '../base/memory-cache.ts';
import { parsedBytes } from '../base/parsed-bytes.ts';
import { workFor } from '../base/work-owner.ts';
import { authoriserOf } from '../calls/authorise.ts';
import { calledServiceOf } from '../calls/service.ts';
import type { Deps } from '../deps.ts';
import type { UsedSharedServer } from '../runtime/connectable.ts';
import * as accounts from '../store/accounts.ts';
import * as endpoints from '../store/endpoints.ts';
import * as integrations from '../store/integrations.ts';
import * as servers from '../store/servers.ts';
import * as sharedServers from '../store/shared-servers.ts';
import { type Db, StoreUnavailable } from '../store/store.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import { catalogueTopic } from '../store/topics.ts';
import type { DerivedTool } from '../tools/types.ts';
import { createDerivedTools, derivedToolsInScope, toolsOnly } from './derived-tools.ts';
import { createSearchIndexes } from './search-indexes.ts';
import type { Served, ServedServer, ServedService } from './served.ts';
import { createServerView } from './server-view.ts';
import { type ShownCaches, showTools } from './shown-tools.ts';
import { createToolLists } from './tool-lists.ts';

/** Finds the endpoint of a token. */
export type Endpoints = {
  /**
   * Returns the endpoint of a token as it is now, with its source; null if it does not exist, has expired, or
   * requires an API token of its organization and `apiToken` is not one. A change of anything that it depends on
   * applies to the next message.
   */
  readonly find: (token: string, apiToken: string | undefined) => Served | null | Promise<Served | null>;
};

/** The maximum number of cached endpoints, and the size of each besides its rows, in bytes. */
const MAX_KEPT_ENDPOINTS = 10_000;
const ENDPOINT_BYTES = 2048;

/** The time limit of a call of a service, if its integration has none. */
const DEFAULT_CALL_TIMEOUT_SECONDS = 60;

/** A cached endpoint. It is valid while none of its topics has changed since the count was `changes`. */
type Kept = {
  readonly served: Served;
  /** All topics that it depends on, and those that people change. */
  readonly topics: readonly string[];
  readonly decided: readonly string[];
  /** Its approximate size in memory, in bytes. */
  readonly bytes: number;
  changes: number;
};
/** The source of the tools, the rows that were read for it, and the additional topics that it depends on. */
type Read<T> = { readonly source: T; readonly rows: readonly unknown[]; readonly others: readonly string[] };
type Reading = { readonly changes: number; readonly served: Promise<Served | null> };

/** Creates the finder of one gateway. It caches endpoints until something that they depend on changes. */
export function createEndpoints({
  store,
  credentials,
  now,
  budget,
}: Pick<Deps, 'store' | 'credentials' | 'now' | 'budget'>): Endpoints {
  /** By token. The tokens are as secret in memory as in the requests. */
  const kept = new MemoryCache<Kept>(budget, 'endpoints', MAX_KEPT_ENDPOINTS);
  const underWay = new Map<string, Reading>();
  const derivedTools = createDerivedTools(store.read, budget);
  const caches: ShownCaches = { lists: createToolLists(budget), indexes: createSearchIndexes(budget) };

  const read = async (db: Db, tokenHash: string): Promise<Omit<Kept, 'changes'> | null> => {
    const found = await endpoints.findByTokenHash(db, tokenHash);
    if (found === null) {
      return null;
    }
    const { endpoint, account } = found;
    const { id, organizationId, accountId } = endpoint;
    const read = await workFor(organizationId, () =>
      account.kind === 'service'
        ? readService(db, endpoint, account.integrationId)
        : readServer(db, endpoint, account, { caches, now }),
    );
    if (read === null) {
      return null;
    }
    const { source, rows, others } = read;
    const ofSource = account.kind === 'service' ? account.integrationId : account.serverId;
    const decided = [...new Set([id, organizationId, accountId, ofSource])];
    return {
      served: { endpoint, organizationId, source },
      topics: [...decided, ...others],
      decided,
      bytes: ENDPOINT_BYTES + parsedBytes(JSON.stringify([endpoint, rows])),
    };
  };

  /**
   * Reads and caches the endpoint of a token. If the database cannot be read, returns the cached one, unless a person
   * has changed something that it depends on. A failure is not cached.
   */
  const begin = (token: string, changes: number): Reading => {
    const keep = (found: Omit<Kept, 'changes'> | null): Served | null => {
      if (found === null) {
        // Unknown tokens must not displace known ones.
        kept.delete(token);
        return null;
      }
      kept.set(token, { ...found, changes }, found.served.organizationId, found.bytes);
      return found.served;
    };
    const recall = (error: unknown): Served => {
      const known = kept.get(token);
      if (
        known === undefined ||
        !(error instanceof StoreUnavailable) ||
        store.hasChanged(known.decided, known.changes)
      ) {
        throw error;
      }
      return known.served;
    };
    const served = read(store.read, hashSecret(token))
      .then(keep, recall)
      .finally(() => underWay.delete(token));
    const reading = { changes, served };
    underWay.set(token, reading);
    return reading;
  };

  /** Returns the cached endpoint of a token if it is still valid. */
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
      // A read that began earlier may miss a later change: then check its result again.
      if (reading.changes === changes) {
        return served;
      }
    }
  };

  const readService = async (
    db: Db,
    { organizationId, accountId, config }: endpoints.Endpoint,
    integrationId: string,
  ): Promise<Read<ServedService> | null> => {
    const account = await accounts.find(db, organizationId, accountId);
    const integration = await integrations.find(db, organizationId, integrationId);
    if (account?.kind !== 'service' || integration === null) {
      return null;
    }
    const approvals = await toolApprovals.list(db, { organizationId, accountId });
    const { approvalPolicy: policy, requiredApprovals, timeoutSeconds } = integration;
    const rule = { policy, requiredApprovals };
    const timeoutMs = (timeoutSeconds ?? DEFAULT_CALL_TIMEOUT_SECONDS) * 1000;
    const service = calledServiceOf(integration);
    const authoriser = authoriserOf(account, service);
    const mayCall = ({ request }: DerivedTool): boolean => authoriser.of(request).kind !== 'refused';
    const tools = () => {
      const all = derivedTools(integration);
      return all instanceof Promise ? all.then((named) => toolsOnly(named, mayCall)) : toolsOnly(all, mayCall);
    };
    const { id, version } = integration;
    const shown = showTools(caches, {
      key: JSON.stringify([organizationId, id, version, authoriser.key, config.methods, config.tags]),
      holder: organizationId,
      madeFrom: null,
      tools: async () => derivedToolsInScope(await tools(), config),
    });
    return {
      source: { kind: 'service', account, service, rule, approvals, timeoutMs, scope: config, tools, shown },
      rows: [account, integration, approvals],
      others: [],
    };
  };

  /** Checks the expiry of an endpoint, and the API token that it may require. */
  const admit = (served: Served | null, apiToken: string | undefined): Served | null | Promise<Served | null> => {
    if (served === null || (served.endpoint.expiresAt ?? Number.POSITIVE_INFINITY) <= now()) {
      return null;
    }
    return served.endpoint.config.require_api_token_auth === true ? forOwner(served, apiToken) : served;
  };

  const forOwner = async (served: Served, apiToken: string | undefined): Promise<Served | null> => {
    const caller = apiToken === undefined ? undefined : await credentials.apiToken(apiToken);
    return caller?.organizationId === served.organizationId ? served : null;
  };

  return {
    find: (token, apiToken) => {
      const served = unchanged(token);
      return served === undefined ? readCurrent(token).then((read) => admit(read, apiToken)) : admit(served, apiToken);
    },
  };
}

async function readServer(
  db: Db,
  { organizationId, config }: endpoints.Endpoint,
  account: Extract<endpoints.Source, { kind: 'server' }>,
  view: { readonly caches: ShownCaches; readonly now: () => number },
): Promise<Read<ServedServer> | null> {
  const { serverId, isShared } = account;
  const server = isShared
    ? await readShared(db, organizationId, serverId)
    : await servers.find(db, organizationId, serverId);
  if (server === null) {
    return null;
  }
  const known = await readKnownTools(db, organizationId, serverId);
  const source = { kind: 'server', server, scope: config, ...createServerView(server, config, known, view) } as const;
  // Only the first list creates pins, and only a change of the server changes them: later lists are no reason to read
  // again.
  return { source, rows: [server, known], others: known.pins === null ? [catalogueTopic(serverId)] : [] };
}

/** Calls to servers of the operator never wait for approval: the operator is responsible for them. */
async function readShared(db: Db, organizationId: string, id: string): Promise<UsedSharedServer | null> {
  const server = await sharedServers.find(db, id);
  if (server === null) {
    return null;
  }
  const rule = { approvalPolicy: 'auto_approve_all', requiredApprovals: 1 } as const;
  return { isShared: true, id, name: server.slug, organizationId, tags: [], ...rule };
}

/**
 * The error for an unknown, expired or revoked token, and for a missing API token. It is always the same, so that it
 * does not reveal which tokens exist. A request without any token is not told that its token is invalid (RFC 6750,
 * section 3.1).
 */
export const noSuchEndpoint = (isTokenSent = true): ApiError =>
  new ApiError('unauthorized', 'This endpoint does not exist, has expired, or wants an API token.', {
    headers: { 'WWW-Authenticate': isTokenSent ? 'Bearer error="invalid_token"' : 'Bearer' },
  });
