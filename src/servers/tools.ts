import { setTimeout as delay } from 'node:timers/promises';
import { decideTool, readKnownTools, type ToolDecision } from '../approvals/decide-tool.ts';
import type { ServersCaller } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import type { Deps } from '../deps.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import type { ToolsSeen } from '../runtime/tool-catalogue.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { Server } from '../store/servers.ts';
import { findServer } from './servers.ts';

/** The maximum time for a list, in milliseconds. */
const LIST_TIMEOUT_MS = 10_000;

/** The current tools of a server, and the decision about calls of each. */
export type DecidedTools = {
  readonly tools: readonly CataloguedTool[];
  /** The time of the decisions, in milliseconds since the epoch. */
  readonly at: number;
  readonly decisionOf: (tool: CataloguedTool) => ToolDecision;
};

/** Lists the tools of a server. Throws ServerMissing, and `server_failed` even if an earlier list is known. */
export async function listTools(deps: Deps, caller: ServersCaller, serverId: string): Promise<DecidedTools> {
  const server = await findServer(deps.store.read, caller, serverId);
  const tools = await listNow(deps, server).catch((error: unknown) => {
    if (!(error instanceof ServerFailed)) {
      throw error;
    }
    deps.failureLog.note(error, { organizationId: server.organizationId, server: server.id });
    throw new ApiError('server_failed', error.message, { cause: error });
  });
  // After the list, because listing creates the first pins.
  const known = await readKnownTools(deps.store.read, server.organizationId, server.id);
  const at = deps.now();
  return { tools, at, decisionOf: (tool) => decideTool(server, tool, known, at) };
}

/** Lists the tools of a server after this call. Throws ServerFailed even if an earlier list is known. */
async function listNow(deps: Deps, server: Server): Promise<readonly CataloguedTool[]> {
  const askedAt = deps.now();
  const late = delay(LIST_TIMEOUT_MS, null, { ref: false });
  const first = await listOnce(deps, server, late);
  // That list had begun before this call, so list again.
  const seen = first !== null && first.seenAt < askedAt ? await listOnce(deps, server, late) : first;
  if (seen === null || seen.seenAt < askedAt) {
    throw new ServerFailed(server.name, 'late', `did not list its tools within ${LIST_TIMEOUT_MS / 1000} s.`);
  }
  return seen.tools;
}

/** Returns the last list after an attempt; null if the attempt is late and no list is known. Throws ServerFailed. */
async function listOnce({ runtime }: Deps, server: Server, late: Promise<null>): Promise<ToolsSeen | null> {
  const seen = await Promise.race([runtime.tools(server, { maxAgeMs: 0, waitMs: LIST_TIMEOUT_MS }), late]);
  if (seen !== null && seen.failure !== null) {
    throw seen.failure;
  }
  return seen;
}
