import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createYielding } from '../base/event-loop-turns.ts';
import type { Sent } from '../calls/types.ts';
import { type ApprovalRule, stricterRuleOf } from '../contract/approval-policies.ts';
import * as servers from '../store/servers.ts';
import type { Store } from '../store/store.ts';
import { serversOf } from '../store/topics.ts';
import { overridesUrl } from './request-overrides.ts';
import { hostOf, pathAndParents, readPath } from './url-places.ts';

/** The places of the registered servers of one organization whose calls can wait. */
export type Places = {
  /**
   * Returns the stricter of the given rule and that of a server at or above the URL of a request; if the request
   * overrides its URL, of any server of the same host.
   */
  readonly strictest: (rule: ApprovalRule, request: Sent) => ApprovalRule;
};

/** The places of the servers of all organizations. */
export type ServerPlaces = {
  /** Returns the places of an organization, at once if they are known; null if no call to its servers can wait. */
  readonly of: (organizationId: string) => Places | null | Promise<Places | null>;
};

type Kept = { readonly places: Places | null; changes: number };

/** The maximum number of cached organizations, and of cached readings of paths: about 100 bytes each. */
const MAX_KEPT_ORGANIZATIONS = 10_000;
const MAX_KEPT_READINGS = 100_000;

/** Creates the index of one gateway. It caches places until a server of the organization changes. */
export function createServerPlaces(store: Pick<Store, 'read' | 'changes' | 'hasChanged'>): ServerPlaces {
  const kept = new LRUCache<string, Kept>({ max: MAX_KEPT_ORGANIZATIONS, maxSize: MAX_KEPT_READINGS });
  // An organization is read once at a time, and once more afterwards, however many calls and changes come in the
  // meantime.
  const reading = new Map<string, Promise<Places | null>>();
  const next = new Map<string, Promise<Places | null>>();

  const read = async (organizationId: string): Promise<Places | null> => {
    const changes = store.changes();
    const found = await servers.heldBack(store.read, organizationId);
    const index = found.length === 0 ? null : await indexPlaces(found, organizationId);
    kept.set(organizationId, { places: index, changes }, { size: (index?.size ?? 0) + 1 });
    return index;
  };

  const readNext = async (organizationId: string): Promise<Places | null> => {
    await reading.get(organizationId)?.catch(() => undefined);
    next.delete(organizationId);
    const begun = read(organizationId);
    reading.set(organizationId, begun);
    try {
      return await begun;
    } finally {
      if (reading.get(organizationId) === begun) {
        reading.delete(organizationId);
      }
    }
  };

  return {
    of: (organizationId) => {
      const changes = store.changes();
      const known = kept.get(organizationId);
      if (known === undefined || store.hasChanged([organizationId, serversOf(organizationId)], known.changes)) {
        const places = next.get(organizationId) ?? readNext(organizationId);
        next.set(organizationId, places);
        return places;
      }
      known.changes = changes;
      return known.places;
    },
  };
}

type Host = {
  /** The strictest rule of all servers of the host. */
  strictest: ApprovalRule;
  /** By the hash of each reading of a path. Common readings of two servers take the stricter rule. */
  readonly byPath: Map<string, ApprovalRule>;
};

/** Hashes, because tenants choose the length of paths. */
const keyOf = (reading: string): string => hash('sha256', reading, 'base64');

/** Creates the index of places, with the number of readings of their paths. */
export async function indexPlaces(
  found: readonly Omit<servers.HeldBack, 'id'>[],
  owner: string,
): Promise<Places & { readonly size: number }> {
  const yieldTurn = createYielding(owner);
  const byHost = new Map<string, Host>();
  for (const { url, approvalPolicy: policy, requiredApprovals } of found) {
    await yieldTurn();
    const rule = { policy, requiredApprovals };
    const parsed = new URL(url);
    const name = hostOf(parsed);
    const host = byHost.get(name) ?? { strictest: rule, byPath: new Map() };
    byHost.set(name, host);
    host.strictest = stricterRuleOf(host.strictest, rule);
    for (const reading of readPath(parsed.pathname) ?? EVERYWHERE) {
      const key = keyOf(reading);
      host.byPath.set(key, stricterRuleOf(host.byPath.get(key) ?? rule, rule));
    }
  }
  return {
    size: [...byHost.values()].reduce((sum, { byPath }) => sum + byPath.size, 0),
    strictest: (rule, request) => {
      const host = byHost.get(hostOf(request.url));
      if (host === undefined) {
        return rule;
      }
      const readings = overridesUrl(request) ? null : readPath(request.url.pathname);
      if (readings === null) {
        return stricterRuleOf(rule, host.strictest);
      }
      const paths = new Set([...readings].flatMap((reading) => [...pathAndParents(reading)]));
      return [...paths].reduce(
        (strictest, path) => stricterRuleOf(strictest, host.byPath.get(keyOf(path)) ?? rule),
        rule,
      );
    },
  };
}

/** The root of a host, above all of its paths. */
const EVERYWHERE: readonly string[] = [''];
