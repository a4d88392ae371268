import type { Deps } from '../deps.ts';
import * as sharedServers from '../store/shared-servers.ts';
import { describeUnusable, resolveSharedServer } from './resolve.ts';
import { findSharedServer } from './shared-servers.ts';

/**
 * Starts to use every enabled server at the start of the process, without waiting. A server that cannot be read does
 * not stop the start.
 */
export async function useSharedServers({ store: { read }, runtime, machine, log }: Deps): Promise<void> {
  for (const id of await sharedServers.enabledIds(read)) {
    try {
      const server = await findSharedServer(read, id);
      const resolved = resolveSharedServer(server, machine);
      if (resolved.connectable !== null) {
        runtime.use(resolved.connectable);
      } else {
        log.warn({ server: id, reason: describeUnusable(resolved) }, 'a server cannot be connected to');
      }
    } catch (error) {
      log.error({ err: error, server: id }, 'a server cannot be used: its stored configuration cannot be read');
    }
  }
}
