import { unpackedBytes } from '../base/gzip.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { MemoryCache } from '../base/memory-cache.ts';
import type { EndpointConfig } from '../store/endpoints.ts';
import * as integrations from '../store/integrations.ts';
import type { Db } from '../store/store.ts';
import { readLines, toolOf } from '../tools/packed.ts';
import { matches } from '../tools/scope.ts';
import { definitionOf } from '../tools/tool-definition.ts';
import type { DerivedTool } from '../tools/types.ts';
import type { ShownTool, ToolsInScope } from './tools-in-scope.ts';

/** Tools by name, kept as text, because parsed values are far larger. `get` parses one tool at every call. */
export type NamedTools = {
  readonly get: (name: string) => DerivedTool | undefined;
  /** Returns the tools after the tool `after`, or all of them, in the order of the document. */
  readonly values: (after?: string) => Iterable<DerivedTool>;
};

/** Returns the tools that a scope selects. */
export const derivedToolsInScope = (tools: NamedTools, scope: EndpointConfig): ToolsInScope => ({
  find: (name) => {
    const tool = tools.get(name);
    return tool !== undefined && matches(tool, scope) ? shownTool(tool) : undefined;
  },
  *values(after) {
    for (const tool of tools.values(after)) {
      if (matches(tool, scope)) {
        yield shownTool(tool);
      }
    }
  },
});

const shownTool = (tool: DerivedTool): ShownTool => {
  const { resource, method, verb, tags } = tool;
  return { definition: definitionOf(tool), resource, method, verb, tags };
};

/** Returns the tools that fulfil a condition; the others do not exist. */
export const toolsOnly = (tools: NamedTools, isThere: (tool: DerivedTool) => boolean): NamedTools => ({
  get: (name) => {
    const tool = tools.get(name);
    return tool !== undefined && isThere(tool) ? tool : undefined;
  },
  *values(after) {
    for (const tool of tools.values(after)) {
      if (isThere(tool)) {
        yield tool;
      }
    }
  },
});

/** The size of the index entry of a tool, including its name, in bytes. */
const PLACE_BYTES = 256;

/**
 * Returns the tools of an integration in its current version, read once for all callers, and kept while there is
 * memory. Throws OverBudget.
 */
export type DerivedTools = (integration: integrations.Integration) => NamedTools | Promise<NamedTools>;

/** Creates the cache of one gateway; `db` stores the tools. */
export function createDerivedTools(db: Db, budget: MemoryBudget): DerivedTools {
  const kept = new MemoryCache<NamedTools>(budget, 'lists');
  const underWay = new Map<string, Promise<NamedTools>>();

  const read = async (key: string, { id, organizationId }: integrations.Integration): Promise<NamedTools> => {
    const packed = await integrations.tools(db, id);
    using reading = budget.hold(organizationId, 'lists', 0);
    const places = new Map<string, Buffer>();
    for await (const [name, line] of readLines(packed, (bytes) => reading.waitToResize(bytes))) {
      places.set(name, line);
    }
    const tools: NamedTools = {
      get: (name) => {
        const line = places.get(name);
        return line === undefined ? undefined : toolOf(line);
      },
      *values(after) {
        let isAfter = after === undefined;
        for (const [name, line] of places) {
          if (isAfter) {
            yield toolOf(line);
          }
          isAfter ||= name === after;
        }
      },
    };
    reading.release();
    kept.set(key, tools, organizationId, unpackedBytes(packed) + PLACE_BYTES * places.size);
    return tools;
  };

  return (integration) => {
    const key = `${integration.id} ${integration.version}`;
    const known = kept.get(key);
    if (known !== undefined) {
      return known;
    }
    let reading = underWay.get(key);
    if (reading === undefined) {
      reading = read(key, integration).finally(() => underWay.delete(key));
      underWay.set(key, reading);
    }
    return reading;
  };
}
