import type { components } from '../../generated/api.ts';
import { instant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import * as sharedServers from '../store/shared-servers.ts';
import { resolve, whyUnusable } from './resolve.ts';

/** Operator API: how the running gateway is. */
export const runtimeHandlers = (deps: Deps): Handlers<'getRuntimeStatus'> => ({
  getRuntimeStatus: async (_input, respond) => {
    const last = deps.reloads.last();
    const servers = await sharedServers.listStored(deps.store.read);
    return respond(200, {
      lastStatus: last?.status ?? null,
      lastMessage: last?.message ?? null,
      lastError: last?.error ?? null,
      lastReloadedAt: last === null ? null : instant(last.at),
      servers: servers.map((server) => statusOf(deps, server)),
    });
  },
});

function statusOf(deps: Deps, server: sharedServers.StoredSharedServer): components['schemas']['RuntimeServer'] {
  const { id, slug } = server;
  const running = deps.runtime.status(id);
  if (running !== null) {
    return { id, slug, ...running, since: instant(running.since), warnings: [...running.warnings] };
  }
  const nothing = { toolCount: null, protocolVersion: null, stderr: null, warnings: [] };
  const since = instant(server.updatedAt);
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
    const why = whyUnusable(resolve({ ...server, mcpServer }, machine));
    return `It waits for a restart of the gateway${why === '' ? '' : `: ${why}`}.`;
  } catch {
    return UNREADABLE;
  }
}

const UNREADABLE =
  'Its stored configuration cannot be read. Start the gateway with the secret key that sealed it, or delete the server.';
