import { audit } from '../audit/changes.ts';
import { sharedServer } from '../audit/wire.ts';
import type { Caller } from '../base/caller.ts';
import { invalidValue } from '../base/errors.ts';
import type { Deps } from '../deps.ts';
import * as store from '../store/grants.ts';
import { findSharedServer } from './shared-servers.ts';

/** The maximum number of unknown organizations in one message. */
const MAX_NAMED_ORGANIZATIONS = 20;

/** Returns the organizations that a server is shared with. Throws `not_found`. */
export async function getGrants({ store: { read } }: Deps, serverId: string): Promise<string[] | 'all'> {
  const { id } = await findSharedServer(read, serverId);
  return (await store.organizationsOf(read, id)) ?? [];
}

/**
 * Shares a server with exactly these organizations. Throws `not_found`, and `validation_failed` for unknown
 * organizations.
 */
export async function setGrants(
  deps: Deps,
  caller: Caller,
  serverId: string,
  organizations: store.Grantees,
): Promise<string[] | 'all'> {
  const at = deps.now();
  const granted = await deps.store.write(async (db) => {
    const { id } = await findSharedServer(db, serverId);
    const unknown = await store.setOrganizations(db, id, organizations, at);
    if (unknown.length > 0) {
      const message = `no organization has the id ${unknown.slice(0, MAX_NAMED_ORGANIZATIONS).join(', ')}`;
      throw invalidValue(['organizations'], message, 'unknown');
    }
    await audit(db, {
      at,
      actor: caller,
      action: 'server.granted',
      target: sharedServer(id),
      details: { organizations },
    });
    return (await store.organizationsOf(db, id)) ?? [];
  });
  // End the connections of organizations that lost the server: their state there is theirs alone.
  deps.runtime.restrict(serverId, granted);
  return granted;
}
