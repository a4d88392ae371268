import type { components } from '../../generated/api.ts';
import type { ToolDecision } from '../approvals/decide-tool.ts';
import { isObject } from '../base/is-object.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { makeList } from '../http/make-list.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import { listTools } from './tools.ts';
import { keyPairOf, serverUuid, successEnvelope, toToolApproval, withNotFound } from './wire.ts';

/** Creates the handlers of the tools of a server (Servers API). */
export const toolHandlers = (deps: Deps): Handlers<'listMcpServerTools'> =>
  withNotFound({
    listMcpServerTools: async ({ params, caller, memory }, respond) => {
      const { tools, decisionOf, at } = await listTools(deps, keyPairOf(caller), serverUuid(params.mcpServerId));
      const shown = await makeList(memory, async function* () {
        for (const tool of tools) {
          yield toWire(tool, decisionOf(tool), at);
        }
      });
      return respond(200, successEnvelope('MCP server tools retrieved successfully', shown));
    },
  });

function toWire(
  { definition, hash }: CataloguedTool,
  { approval, isChanged, verdict }: ToolDecision,
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
  };
}
