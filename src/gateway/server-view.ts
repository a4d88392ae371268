import { decideTool, type KnownTools } from '../approvals/decide-tool.ts';
import type { UsedServer } from '../runtime/connectable.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { EndpointConfig } from '../store/endpoints.ts';
import { matches } from '../tools/scope.ts';
import { resourceOf, scopedTool } from '../tools/server-tools.ts';
import type { ServedServer, ViewedTool } from './served.ts';
import { type ShownCaches, showTools } from './shown-tools.ts';
import type { ShownTool, ToolsInScope } from './tools-in-scope.ts';

type Tools = readonly CataloguedTool[];

/** The places of the tools by name. Collected together with the list; a small part of its size. */
const places = new WeakMap<Tools, ReadonlyMap<unknown, number>>();

function placeOf(tools: Tools, name: string): number | undefined {
  let named = places.get(tools);
  if (named === undefined) {
    named = new Map(tools.map((tool, place) => [tool.definition.name, place]));
    places.set(tools, named);
  }
  return named.get(name);
}

function toolNamed(tools: Tools, name: string): CataloguedTool | undefined {
  const place = placeOf(tools, name);
  return place === undefined ? undefined : tools[place];
}

type Viewed = { readonly tool: ViewedTool | null; readonly validUntil: number };

/**
 * Creates the view of an endpoint on a server. `known` contains the decisions of people and the pins; those that expire
 * count until then.
 */
export function createServerView(
  server: UsedServer,
  scope: EndpointConfig,
  known: KnownTools,
  { caches, now }: { readonly caches: ShownCaches; readonly now: () => number },
): Pick<ServedServer, 'find' | 'shown'> {
  const viewed = new WeakMap<CataloguedTool, Viewed>();
  const view = (tool: CataloguedTool): Viewed => {
    if (!matches(scopedTool(tool.definition, server.tags), scope)) {
      return { tool: null, validUntil: Number.POSITIVE_INFINITY };
    }
    const { verdict, reason, isChanged, validUntil } = decideTool(server, tool, known, now());
    return { tool: { ...tool, verdict, reason, isChanged }, validUntil };
  };
  return {
    find: (tools, name) => {
      const tool = toolNamed(tools, name);
      if (tool === undefined) {
        return undefined;
      }
      let found = viewed.get(tool);
      if (found === undefined || found.validUntil <= now()) {
        found = view(tool);
        viewed.set(tool, found);
      }
      return found.tool ?? undefined;
    },
    shown: (tools) => {
      const { id, organizationId, tags } = server;
      const key = JSON.stringify([organizationId, id, tags, scope.methods, scope.tags]);
      return showTools(caches, {
        key,
        holder: organizationId,
        madeFrom: tools,
        tools: () => toolsInScope(server, scope, tools),
      });
    },
  };
}

/** Returns the tools that a scope selects. */
function toolsInScope({ tags }: UsedServer, scope: EndpointConfig, tools: Tools): ToolsInScope {
  const shown = (tool: CataloguedTool | undefined): ShownTool | undefined => {
    if (tool === undefined) {
      return undefined;
    }
    const { definition } = tool;
    const scoped = scopedTool(definition, tags);
    return matches(scoped, scope) ? { definition, resource: resourceOf(definition), ...scoped } : undefined;
  };
  return {
    find: (name) => shown(toolNamed(tools, name)),
    *values(after) {
      for (let place = after === undefined ? 0 : (placeOf(tools, after) ?? 0) + 1; place < tools.length; place++) {
        const tool = shown(tools[place]);
        if (tool !== undefined) {
          yield tool;
        }
      }
    },
  };
}
