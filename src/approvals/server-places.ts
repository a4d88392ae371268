import { LRUCache } from 'lru-cache';
import { stricterOf } from '../contract/approval-policies.ts';
import * as servers from '../store/servers.ts';
import type { Store } from '../store/store.ts';
import { serversOf } from '../store/topics.ts';
import { overridesUrl, type Sent } from './overrides.ts';
import { hostOf, isAtOrBelow, type PathReadings, readPath } from './url-places.ts';

/** Where the registered servers of one organization are whose calls can wait. */
export type Places = {
  /**
   * The policy itself, or that of a server at or above the URL of a request that holds back more; of any server of the same
   * host where the request overrides its URL.
   */
  readonly strictest: (policy: string, request: Sent) => string;
};

export type ServerPlaces = {
  /** Those of an organization, at once when they are known; null where no call to any of its servers can wait. */
  readonly of: (organizationId: string) => Places | null | Promise<Places | null>;
};

type Place = { readonly path: PathReadings; readonly policy: string };
type Kept = { readonly places: Places | null; changes: number };

/** Organizations, and servers of all of them together, whose places are kept. */
const KEPT_ORGANIZATIONS = 10_000;
const KEPT_SERVERS = 200_000;

/** Makes the index of one gateway. What it has read it keeps until a server of the organization changes. */
export function createServerPlaces(store: Pick<Store, 'read' | 'changes' | 'hasChanged'>): ServerPlaces {
  const kept = new LRUCache<string, Kept>({ max: KEPT_ORGANIZATIONS, maxSize: KEPT_SERVERS });

  const read = async (organizationId: string, changes: number): Promise<Places | null> => {
    const found = await servers.heldBack(store.read, organizationId);
    const places = found.length === 0 ? null : placesOf(found);
    kept.set(organizationId, { places, changes }, { size: found.length + 1 });
    return places;
  };

  return {
    of: (organizationId) => {
      const changes = store.changes();
      const known = kept.get(organizationId);
      if (known === undefined || store.hasChanged([organizationId, serversOf(organizationId)], known.changes)) {
        return read(organizationId, changes);
      }
      known.changes = changes;
      return known.places;
    },
  };
}

function placesOf(found: readonly servers.HeldBack[]): Places {
  const byHost = new Map<string, Place[]>();
  for (const { url, approvalPolicy } of found) {
    const parsed = new URL(url);
    const host = hostOf(parsed);
    const places = byHost.get(host) ?? [];
    places.push({ path: readPath(parsed.pathname), policy: approvalPolicy });
    byHost.set(host, places);
  }
  return {
    strictest: (policy, request) => {
      const places = byHost.get(hostOf(request.url));
      if (places === undefined) {
        return policy;
      }
      const path = overridesUrl(request) ? null : readPath(request.url.pathname);
      return places
        .filter((place) => isAtOrBelow(path, place.path))
        .reduce((strictest, place) => stricterOf(strictest, place.policy), policy);
    },
  };
}
