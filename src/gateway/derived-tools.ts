import { unpackedBytes } from '../base/gzip.ts';
import { KeptMap } from '../base/kept-map.ts';
import { type MemoryBudget, PARSED_TIMES } from '../base/memory-budget.ts';
import * as integrations from '../store/integrations.ts';
import type { Db } from '../store/store.ts';
import { readTools } from '../tools/packed.ts';
import type { DerivedTool } from '../tools/types.ts';

/** Tools by their names, in the document's order. */
export type NamedTools = ReadonlyMap<string, DerivedTool> & {
  /** Of all of them as JSON. */
  readonly textBytes: number;
};

/**
 * The tools of an integration in its present version, parsed once for all who ask, and kept as long as there is room.
 * Throws OverBudget.
 */
export type DerivedTools = (integration: integrations.Integration) => NamedTools | Promise<NamedTools>;

/** Makes the tools of one gateway; `db` is where they are stored. */
export function createDerivedTools(db: Db, budget: MemoryBudget): DerivedTools {
  const kept = new KeptMap<NamedTools>(budget, 'lists');
  const underWay = new Map<string, Promise<NamedTools>>();

  const read = async (key: string, { id, organizationId }: integrations.Integration): Promise<NamedTools> => {
    const packed = await integrations.tools(db, id);
    const textBytes = unpackedBytes(packed);
    const tools = Object.assign(new Map<string, DerivedTool>(), { textBytes });
    using reading = budget.hold(organizationId, 'lists', textBytes * (1 + PARSED_TIMES));
    for await (const tool of readTools(packed)) {
      tools.set(tool.name, tool);
    }
    reading.release();
    kept.set(key, tools, organizationId, textBytes * PARSED_TIMES);
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
