import { decideTool, type KnownTools } from '../approvals/decide-tool.ts';
import type { UsedServer } from '../runtime/connectable.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { EndpointConfig } from '../store/endpoints.ts';
import { matches } from '../tools/scope.ts';
import { scopedTool } from '../tools/server-tools.ts';
import type { ServedServer, ViewedTool } from './served.ts';
import type { ToolLists } from './tool-lists.ts';

type Tools = readonly CataloguedTool[];

/** The tools by name. Collected together with the list; a small part of its size. */
const byName = new WeakMap<Tools, ReadonlyMap<unknown, CataloguedTool>>();

function toolNamed(tools: Tools, name: string): CataloguedTool | undefined {
  let named = byName.get(tools);
  if (named === undefined) {
    named = new Map(tools.map((tool) => [tool.definition.name, tool]));
    byName.set(tools, named);
  }
  return named.get(name);
}

/** Creates the view of an endpoint on a server. `known` contains the decisions of people and the pins. */
export function createServerView(
  server: UsedServer,
  scope: EndpointConfig,
  known: KnownTools,
  lists: ToolLists,
): Pick<ServedServer, 'find' | 'list'> {
  const viewed = new WeakMap<CataloguedTool, ViewedTool | null>();
  const view = (tool: CataloguedTool): ViewedTool | null =>
    matches(scopedTool(tool.definition, server.tags), scope) ? { ...tool, ...decideTool(server, tool, known) } : null;
  return {
    find: (tools, name) => {
      const tool = toolNamed(tools, name);
      if (tool === undefined) {
        return undefined;
      }
      let found = viewed.get(tool);
      if (found === undefined) {
        found = view(tool);
        viewed.set(tool, found);
      }
      return found ?? undefined;
    },
    list: (tools, user) => {
      const { id, organizationId, tags } = server;
      const key = JSON.stringify([organizationId, id, tags, scope.methods, scope.tags]);
      return lists.use(
        { key, holder: organizationId, madeFrom: tools, definitions: () => shown(server, scope, tools) },
        user,
      );
    },
  };
}

/** Yields the definitions that a scope selects. */
function* shown({ tags }: UsedServer, scope: EndpointConfig, tools: Tools): Generator<CataloguedTool['definition']> {
  for (const { definition } of tools) {
    if (matches(scopedTool(definition, tags), scope)) {
      yield definition;
    }
  }
}
