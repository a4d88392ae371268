import { setTimeout as delay } from 'node:timers/promises';
import { decideTool, readKnownTools } from '../approvals/decide-tool.ts';
import type { Decision } from '../approvals/decision.ts';
import type { KeyPairCaller } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import type { Deps } from '../deps.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import type { ToolsSeen } from '../runtime/tool-catalogue.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { Server } from '../store/servers.ts';
import { findServer } from './servers.ts';

/** Milliseconds that a server gets to list its tools. */
const LIST_TIMEOUT_MS = 10_000;

/** The tools of a server as it lists them now, and what is decided about calls of each. */
export type DecidedTools = {
  readonly tools: readonly CataloguedTool[];
  readonly decisionOf: (tool: CataloguedTool) => Decision;
};

/** Has a server list its tools. Throws ServerMissing, and `server_failed` also where it is known what it listed earlier. */
export async function listTools(deps: Deps, caller: KeyPairCaller, serverId: string): Promise<DecidedTools> {
  const server = await findServer(deps.store.read, caller, serverId);
  const tools = await listNow(deps, server).catch((error: unknown) => {
    if (!(error instanceof ServerFailed)) {
      throw error;
    }
    deps.failureLog.note(error, { organizationId: server.organizationId, server: server.id });
    throw new ApiError('server_failed', error.message, { cause: error });
  });
  // After the list: tools that nobody had seen before are known from then on.
  const known = await readKnownTools(deps.store.read, server.id);
  return { tools, decisionOf: (tool) => decideTool(server, tool, known) };
}

/** The tools of a server as it lists them now. Throws ServerFailed, also where it is known what it listed earlier. */
async function listNow(deps: Deps, server: Server): Promise<readonly CataloguedTool[]> {
  const askedAt = deps.now();
  const late = delay(LIST_TIMEOUT_MS, null, { ref: false });
  const first = await listOnce(deps, server, late);
  // It was listing them already when this was asked: what it lists next it lists after that.
  const seen = first !== null && first.seenAt < askedAt ? await listOnce(deps, server, late) : first;
  if (seen === null || seen.seenAt < askedAt) {
    throw new ServerFailed(server.name, 'late', `did not list its tools within ${LIST_TIMEOUT_MS / 1000} s.`);
  }
  return seen.tools;
}

/** What a server was last seen to list when it has been asked, or is late: null where not even that is known. Throws ServerFailed. */
async function listOnce({ runtime }: Deps, server: Server, late: Promise<null>): Promise<ToolsSeen | null> {
  const seen = await Promise.race([runtime.tools(server, { age: 0, patience: LIST_TIMEOUT_MS }), late]);
  if (seen !== null && seen.failure !== null) {
    throw seen.failure;
  }
  return seen;
}
