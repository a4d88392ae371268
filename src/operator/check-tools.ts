import type { components } from '../../generated/api.ts';
import type { Deps } from '../deps.ts';
import { describeUnusable, resolveSharedServer, timeoutOf } from './resolve.ts';
import { findSharedServer } from './shared-servers.ts';

type Checked = components['schemas']['SharedServerTools'];

/** The maximum time for a list, in milliseconds. */
const LIST_TIMEOUT_MS = 5000;

/**
 * Lists the tools of the stored server over a separate connection, even if the server is not in use. Throws
 * `not_found`.
 */
export async function checkTools({ store: { read }, runtime, machine }: Deps, id: string): Promise<Checked> {
  const server = await findSharedServer(read, id);
  const resolved = resolveSharedServer(server, machine);
  if (resolved.connectable === null) {
    return failed(`The server cannot be connected to: ${describeUnusable(resolved)}.`);
  }
  const probed = await runtime.probe(resolved.connectable, timeoutOf(server, LIST_TIMEOUT_MS));
  if (probed.failure !== null) {
    return failed(probed.failure.message);
  }
  const { name, transport } = server.mcpServer;
  const tools = probed.result.names.toSorted();
  const details = { name, transport, tools };
  return { ok: true, details: { ...details, toolCount: tools.length }, error: null };
}

const failed = (error: string): Checked => ({ ok: false, details: null, error });
