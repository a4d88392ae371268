import type { Deps } from '../deps.ts';
import type { ServerStatus } from '../runtime/runtime.ts';
import * as sharedServers from '../store/shared-servers.ts';
import { describeUnusable, resolveSharedServer } from './resolve.ts';

/** How one of the operator's servers is; `disabled` where it is not to be in use. */
export type SharedServerStatus = Omit<ServerStatus, 'state'> & {
  readonly id: string;
  readonly slug: string;
  readonly state: ServerStatus['state'] | 'disabled';
};

/** How each of the operator's servers is, oldest first. */
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

/** Why a server that is enabled is not in use: the reasons are gone, or will be, when the process starts again. */
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
