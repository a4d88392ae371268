import { decideTool, type Known } from '../approvals/decide-tool.ts';
import type { Decision } from '../approvals/decision.ts';
import type { UsedServer } from '../runtime/connectable.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { EndpointConfig } from '../store/endpoints.ts';
import { matches } from '../tools/scope.ts';
import { scopedTool } from '../tools/server-tools.ts';

/** A tool as an endpoint shows it, and what happens when it is called. */
export type ViewedTool = CataloguedTool & Decision;

/** The tools of a server through the scope of an endpoint. What is not in it does not exist. */
export type View = {
  readonly tools: ReadonlyMap<string, ViewedTool>;
  /** The definitions as a JSON list, in the server's order. */
  readonly json: string;
};

/** An endpoint over an MCP server. */
export type ServedServer = {
  readonly kind: 'server';
  readonly server: UsedServer;
  readonly scope: EndpointConfig;
  /** The view of tools as the runtime has seen them. */
  readonly view: (tools: readonly CataloguedTool[]) => View;
};

/** Compiles the view of an endpoint: anew for other tools, once for the same. */
export function serverView(server: UsedServer, scope: EndpointConfig, known: Known): ServedServer['view'] {
  let compiledOf: readonly CataloguedTool[] | undefined;
  let compiled: View | undefined;
  return (tools) => {
    if (compiled === undefined || compiledOf !== tools) {
      const shown = tools.filter(({ definition }) => matches(scopedTool(definition, server.tags), scope));
      compiledOf = tools;
      compiled = {
        tools: new Map(
          shown.map((tool) => [String(tool.definition.name), { ...tool, ...decideTool(server, tool, known) }]),
        ),
        json: `[${shown.map(({ definition }) => JSON.stringify(definition)).join(',')}]`,
      };
    }
    return compiled;
  };
}
