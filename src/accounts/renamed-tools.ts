import { readTools } from '../tools/packed.ts';
import type { DerivedTool } from '../tools/types.ts';
import type { DocumentMemory } from './documents.ts';

/** A tool that has another name or method than before. */
export type RenamedTool = {
  readonly operation: string;
  readonly oldName: string;
  readonly name: string;
  readonly oldMethod: string;
  readonly method: string;
};

/** The maximum number of tools in the answer to one update. */
const MAX_RENAMED_TOOLS = 1_000;

/**
 * Compares the tools of an integration before and after an update, by their operations. Returns at most 1,000. Throws
 * OverBudget.
 */
export async function findRenamed(
  before: Uint8Array,
  after: Uint8Array,
  { reach }: Pick<DocumentMemory, 'reach'>,
): Promise<RenamedTool[]> {
  const old = new Map<string, Pick<DerivedTool, 'name' | 'method'>>();
  for await (const [key, { name, method }] of withKeys(before, reach)) {
    old.set(key, { name, method });
  }
  const renamed: RenamedTool[] = [];
  for await (const [key, { verb, request, name, method }] of withKeys(after, reach)) {
    const then = old.get(key);
    const isRenamed = then !== undefined && (then.name !== name || then.method !== method);
    if (isRenamed && renamed.length < MAX_RENAMED_TOOLS) {
      const operation = `${verb} ${request.path}`;
      renamed.push({ operation, oldName: then.name, name, oldMethod: then.method, method });
    }
  }
  return renamed;
}

/** The tools, each with a key that is the same before and after; fragments in paths are told apart by their order. */
async function* withKeys(packed: Uint8Array, reach: DocumentMemory['reach']): AsyncGenerator<[string, DerivedTool]> {
  const seen = new Map<string, number>();
  for await (const tool of readTools(packed, reach)) {
    const operation = `${tool.verb} ${tool.request.path}?${tool.request.query ?? ''}`;
    const count = seen.get(operation) ?? 0;
    seen.set(operation, count + 1);
    yield [`${count} ${operation}`, tool];
  }
}
