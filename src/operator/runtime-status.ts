import type { Deps } from '../deps.ts';
import type { ServerStatus } from '../runtime/runtime.ts';
import * as sharedServers from '../store/shared-servers.ts';
import { describeUnusable, resolveSharedServer } from './resolve.ts';

/** The status of a server of the operator; `disabled` if it must not be in use. */
export type SharedServerStatus = Omit<ServerStatus, 'state'> & {
  readonly id: string;
  readonly slug: string;
  readonly state: ServerStatus['state'] | 'disabled';
};

/** Returns the status of each server of the operator, oldest first. */
export async function sharedServerStatuses(deps: Deps): Promise<SharedServerStatus[]> {
  const servers = await sharedServers.listStored(deps.store.read);
  return servers.map((server) => statusOf(deps, server));
}

function statusOf(deps: Deps, server: sharedServers.StoredSharedServer): SharedServerStatus {
  const { id, slug, updatedAt: since } = server;
  const running = deps.runtime.status(id);
  if (running !== null) {
    return { id, slug, ...running };
  }
  const nothing = { toolCount: null, protocolVersion: null, stderr: null, warnings: [] };
  return server.enabled
    ? { id, slug, state: 'unreachable', since, lastError: whyNotUsed(deps, server), ...nothing }
    : { id, slug, state: 'disabled', since, lastError: null, ...nothing };
}

/** Describes why an enabled server is not in use. A restart may remove the reason. */
function whyNotUsed({ machine }: Deps, { mcpServer, ...server }: sharedServers.StoredSharedServer): string {
  if (mcpServer === null) {
    return UNREADABLE;
  }
  try {
    const why = describeUnusable(resolveSharedServer({ ...server, mcpServer }, machine));
    return `It waits for a restart of the gateway${why === '' ? '' : `: ${why}`}.`;
  } catch {
    return UNREADABLE;
  }
}

const UNREADABLE =
  'Its stored configuration cannot be read. Start the gateway with the secret key that sealed it, or delete the server.';
