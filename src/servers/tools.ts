import { setTimeout as delay } from 'node:timers/promises';
import type { components } from '../../generated/api.ts';
import { decideTool, readKnown } from '../approvals/decide-tool.ts';
import type { Decision } from '../approvals/decision.ts';
import { ApiError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { makeList } from '../http/make-list.ts';
import type { ToolsSeen } from '../runtime/catalogue.ts';
import { ServerFailed } from '../runtime/failed.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { Server } from '../store/servers.ts';
import { findServer } from './servers.ts';
import { keyPairOf, success } from './wire.ts';

/** Milliseconds that a server gets to list its tools. */
const PATIENCE = 10_000;

/** Servers API: the tools of a server, and what comes of calling them. */
export const toolHandlers = (deps: Deps): Handlers<'listMcpServerTools'> => ({
  listMcpServerTools: async ({ params, caller, memory }, respond) => {
    const server = await findServer(deps.store.read, keyPairOf(caller), params.mcpServerId);
    const tools = await listNow(deps, server).catch((error: unknown) => {
      if (!(error instanceof ServerFailed)) {
        throw error;
      }
      deps.failureLog.note(error, { organizationId: server.organizationId, server: server.id });
      throw new ApiError('server_failed', error.message);
    });
    // After the list: tools that nobody had seen before are known from then on.
    const known = await readKnown(deps.store.read, server.id);
    const shown = await makeList(memory, async function* () {
      for (const tool of tools) {
        yield toWire(tool, decideTool(server, tool, known));
      }
    });
    return respond(200, success('MCP server tools retrieved successfully', shown));
  },
});

/** The tools of a server as it lists them now. Throws ServerFailed, also where it is known what it listed earlier. */
async function listNow(deps: Deps, server: Server): Promise<readonly CataloguedTool[]> {
  const askedAt = deps.now();
  const late = delay(PATIENCE, null, { ref: false });
  const first = await listOnce(deps, server, late);
  // It was listing them already when this was asked: what it lists next it lists after that.
  const seen = first !== null && first.seenAt < askedAt ? await listOnce(deps, server, late) : first;
  if (seen === null || seen.seenAt < askedAt) {
    throw new ServerFailed(server.name, 'late', `did not list its tools within ${PATIENCE / 1000} s.`);
  }
  return seen.tools;
}

/** What a server was last seen to list when it has been asked, or is late: null where not even that is known. Throws ServerFailed. */
async function listOnce({ runtime }: Deps, server: Server, late: Promise<null>): Promise<ToolsSeen | null> {
  const seen = await Promise.race([runtime.tools(server, { age: 0, patience: PATIENCE }), late]);
  if (seen !== null && seen.failure !== null) {
    throw seen.failure;
  }
  return seen;
}

function toWire({ definition, hash }: CataloguedTool, decision: Decision): components['schemas']['McpServerTool'] {
  const { name, description, inputSchema, annotations, ...others } = definition;
  return {
    name: String(name),
    description: typeof description === 'string' ? description : null,
    inputSchema: inputSchema as Record<string, unknown>,
    annotations: isObject(annotations) ? annotations : {},
    other_members: others,
    definition_hash: hash,
    approval: decision.isChanged ? 'changed' : decision.verdict,
  };
}
