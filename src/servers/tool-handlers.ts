import type { components } from '../../generated/api.ts';
import type { ToolDecision } from '../approvals/decide-tool.ts';
import { isObject } from '../base/is-object.ts';
import { parseExact } from '../base/json.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { makeList } from '../http/make-list.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import { listTools } from './tools.ts';
import { keyPairOf, serverUuid, successEnvelope, toToolApproval, withNotFound } from './wire.ts';

/** Creates the handlers of the tools of a server (Servers API). */
export const toolHandlers = (deps: Deps): Handlers<'listMcpServerTools'> =>
  withNotFound({
    listMcpServerTools: async ({ params, caller, memory }, respond) => {
      const listed = await listTools(deps, keyPairOf(caller), serverUuid(params.mcpServerId));
      const shown = await makeList(memory, async function* () {
        for (const tool of listed.tools) {
          const decision = listed.decisionOf(tool);
          yield toWire(tool, decision, await pinnedOf(deps, tool, decision, listed.at), listed.at);
        }
      });
      return respond(200, successEnvelope('MCP server tools retrieved successfully', shown));
    },
  });

/** JSON of the definition that a person has decided about, if it is kept and is another one; else null. */
const pinnedOf = async (
  { store: { read } }: Deps,
  { hash }: CataloguedTool,
  { approval }: ToolDecision,
  now: number,
): Promise<string | null> =>
  approval === undefined || approval.approvalHash === hash
    ? null
    : toolApprovals.otherDefinition(read, approval, approval.toolName, { hash, now });

function toWire(
  { definition, hash }: CataloguedTool,
  { approval, isChanged, verdict }: ToolDecision,
  pinned: string | null,
  at: number,
): components['schemas']['McpServerTool'] {
  const { name, description, inputSchema, annotations, ...others } = definition;
  return {
    name: String(name),
    description: typeof description === 'string' ? description : null,
    inputSchema: inputSchema as Record<string, unknown>,
    annotations: isObject(annotations) ? annotations : {},
    other_members: others,
    definition_hash: hash,
    approval: isChanged ? 'changed' : verdict,
    tool_approval: approval === undefined ? null : toToolApproval(approval, at),
    pinned_definition: pinned === null ? null : (parseExact(pinned) as Record<string, unknown>),
  };
}
