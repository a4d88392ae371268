import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { MemoryScope } from '../base/memory-scope.ts';
import * as requests from '../store/approval-requests.ts';
import * as catalogues from '../store/catalogues.ts';
import { type LiveRequest, liveRequests } from '../store/live-requests.ts';
import { type Db, type Store, StoreUnavailable } from '../store/store.ts';
import { timeOf } from '../store/time.ts';
import { catalogueTopic } from '../store/topics.ts';
import { endRequest } from './end-request.ts';
import { decisionVersionOf, keptToolName } from './exact-call.ts';

/** Milliseconds for which changes are collected before the requests are looked at. */
const COLLECT_MS = 50;

type Topics = ReadonlySet<string> | 'anything';

/** The hash of the definition of each tool that a server lists now, by the name as requests keep it. */
type Definitions = ReadonlyMap<string, string>;

/** The parts of the gateway that this uses. */
type Parts = {
  readonly store: Pick<Store, 'read' | 'writeFor' | 'onChange'>;
  readonly budget: MemoryBudget;
  readonly log: Logger;
};

/**
 * Outdates requests as soon as something changes that they are bound to, so that people do not read what they can no longer
 * decide, and clients do not wait for it. This is a service to them: a decision and a use each look for themselves. Several
 * processes may do it at once. Returns what ends it.
 */
export function outdateRequests({ store, budget, log }: Parts): { readonly close: () => Promise<void> } {
  const ending = new AbortController();
  let changed: Set<string> | 'anything' = new Set();
  let working: Promise<void> | null = null;

  const work = async (): Promise<void> => {
    while (changed === 'anything' || changed.size > 0) {
      await pause(COLLECT_MS, undefined, { signal: ending.signal });
      const topics = changed;
      changed = new Set();
      await outdateBy({ store, budget }, topics);
    }
  };

  const unfollow = store.onChange('config', (topics) => {
    changed = topics === 'anything' || changed === 'anything' ? 'anything' : new Set([...changed, ...topics]);
    working ??= work()
      .catch((error: unknown) => {
        if (!ending.signal.aborted && !(error instanceof StoreUnavailable)) {
          log.warn({ err: error }, 'requests for approval could not be outdated; each decision looks for itself');
        }
      })
      .finally(() => {
        working = null;
      });
  });

  return {
    close: async () => {
      unfollow();
      ending.abort();
      await working;
    },
  };
}

/** Outdates the requests that a change concerns, if they are bound to something else now. */
async function outdateBy({ store, budget }: Omit<Parts, 'log'>, topics: Topics): Promise<void> {
  const listed = new Map<string, Definitions | null>();
  for await (const live of liveRequests(store.read)) {
    if (!concerns(topics, live)) {
      continue;
    }
    const { id, organizationId, serverId } = live;
    if (serverId !== null && topics !== 'anything' && topics.has(catalogueTopic(serverId)) && !listed.has(serverId)) {
      listed.set(serverId, await definitionsOf(store.read, budget, organizationId, serverId));
    }
    const definitions = serverId === null ? null : (listed.get(serverId) ?? null);
    const outdated = (db: Db) => findOutdated(db, organizationId, id, definitions);
    // Most are not: that needs no write.
    if ((await outdated(store.read)) !== null) {
      await store.writeFor(organizationId, async (db) => {
        const request = await outdated(db);
        if (request !== null) {
          await endRequest(db, request, 'outdated', await timeOf(db));
        }
      });
    }
  }
}

const concerns = (topics: Topics, live: LiveRequest): boolean => {
  const { endpointId, accountId, serverId, integrationId, organizationId } = live;
  const own = [endpointId, accountId, serverId, integrationId, organizationId, serverId && catalogueTopic(serverId)];
  return topics === 'anything' || own.some((topic) => topic !== null && topics.has(topic));
};

/** Returns a request that waits or is approved, and is bound to something that has changed; otherwise null. */
async function findOutdated(
  db: Db,
  organizationId: string,
  id: string,
  definitions: Definitions | null,
): Promise<requests.ApprovalRequest | null> {
  const at = await timeOf(db);
  const request = await requests.find(db, organizationId, id, at);
  if (request === null || (request.status !== 'pending' && request.status !== 'approved')) {
    return null;
  }
  const source = { ...request, endpointId: request.endpoint.id };
  const rule = { policy: request.approvalPolicy, requiredApprovals: request.requiredApprovals };
  const isSame =
    (await decisionVersionOf(db, source, rule, at)) === request.decisionVersion &&
    (definitions === null || definitions.get(request.toolName) === request.definitionHash);
  return isSame ? null : request;
}

/** Reads the definitions that a server has listed last; null if there are none, as after it was moved. */
async function definitionsOf(
  db: Db,
  budget: MemoryBudget,
  organizationId: string,
  serverId: string,
): Promise<Definitions | null> {
  using memory = new MemoryScope(budget, organizationId, () => undefined);
  const { tools } = await catalogues.find(db, serverId, async (bytes) => {
    await memory.room('tools', bytes);
  });
  return tools && new Map(tools.map(({ definition, hash }) => [keptToolName(definition.name), hash]));
}
