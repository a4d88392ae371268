import { decideTool, type Known } from '../approvals/decide-tool.ts';
import type { Decision } from '../approvals/decision.ts';
import { KeptMap } from '../base/kept-map.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { UsedServer } from '../runtime/connectable.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { EndpointConfig } from '../store/endpoints.ts';
import { matches } from '../tools/scope.ts';
import { scopedTool } from '../tools/server-tools.ts';

/** A tool as an endpoint shows it, and what happens when it is called. */
export type ViewedTool = CataloguedTool & Decision;

/** The definitions that an endpoint shows, as a JSON list in the server's order. */
export type List = { readonly json: string; readonly bytes: number; readonly count: number };

type Tools = readonly CataloguedTool[];

/** An endpoint over an MCP server. What is not in its scope does not exist. */
export type ServedServer = {
  readonly kind: 'server';
  readonly server: UsedServer;
  readonly scope: EndpointConfig;
  /** One of the tools that the runtime has seen, if the endpoint shows it. */
  readonly find: (tools: Tools, name: string) => ViewedTool | undefined;
  /** What the endpoint shows of the tools that the runtime has seen. */
  readonly list: (tools: Tools) => List;
};

/** Tools by their names. It goes with the tools, and is a small part of them. */
const byName = new WeakMap<Tools, ReadonlyMap<unknown, CataloguedTool>>();

function toolNamed(tools: Tools, name: string): CataloguedTool | undefined {
  let named = byName.get(tools);
  if (named === undefined) {
    named = new Map(tools.map((tool) => [tool.definition.name, tool]));
    byName.set(tools, named);
  }
  return named.get(name);
}

/** Lists of tools, once for all endpoints of an organization that show the same. */
export type Lists = (server: UsedServer, scope: EndpointConfig, tools: Tools) => List;

/** Makes the lists of one gateway. They are kept as long as there is room for them. */
export function createLists(budget: MemoryBudget): Lists {
  // Weakly: tools that the runtime keeps no more must not be kept here.
  const kept = new KeptMap<List & { readonly of: WeakRef<Tools> }>(budget, 'lists');
  return (server, { methods, tags }, tools) => {
    const { id, organizationId } = server;
    const key = JSON.stringify([organizationId, id, server.tags, methods, tags]);
    const known = kept.get(key);
    if (known?.of.deref() === tools) {
      kept.used(key);
      return known;
    }
    const shown = tools.filter(({ definition }) => matches(scopedTool(definition, server.tags), { methods, tags }));
    const json = `[${shown.map(({ definition }) => JSON.stringify(definition)).join(',')}]`;
    const list = { json, bytes: Buffer.byteLength(json), count: shown.length, of: new WeakRef(tools) };
    kept.set(key, list, organizationId, list.bytes + key.length);
    return list;
  };
}

/** The view of an endpoint; `known` is what people have decided and seen of the server's tools. */
export function serverView(
  server: UsedServer,
  scope: EndpointConfig,
  known: Known,
  lists: Lists,
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
    list: (tools) => lists(server, scope, tools),
  };
}
