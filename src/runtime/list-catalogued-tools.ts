import { createYielding } from '../base/event-loop-turns.ts';
import { type HeldMemory, OverBudget } from '../base/memory-budget.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { Connection } from './connection.ts';
import { type Definition, hashDefinition } from './hash-definition.ts';
import { type ListedTools, listTools } from './list-tools.ts';
import { ServerFailed } from './server-failed.ts';

/** Milliseconds that listing the tools of a server may take. */
const LIST_TIMEOUT_MS = 30_000;

/** A summary of a list of tools. */
export type ListedFacts = Pick<ListedTools, 'leftOut' | 'protocolVersion'> & { readonly names: readonly string[] };

/** The tools of a server with their hashes, their size in memory, and their summary. */
export type ListedCatalogue = {
  readonly tools: readonly CataloguedTool[];
  readonly bytes: number;
  readonly facts: ListedFacts;
};

/**
 * Lists all tools of a server within 30 s, and adds the hash of each definition. `reading` holds their memory meanwhile.
 * Throws OverBudget, or ServerFailed: `serverHasMoved` if `ended` is aborted before the end.
 */
export async function listCataloguedTools(
  connection: Connection,
  ended: AbortSignal,
  reading: HeldMemory,
): Promise<ListedCatalogue> {
  const { name } = connection.target;
  const signal = AbortSignal.any([ended, AbortSignal.timeout(LIST_TIMEOUT_MS)]);
  const room = (bytes: number) => reading.waitToResize(bytes, signal);
  const listed = await listTools(connection, signal, room).catch((error: unknown) => {
    if (error instanceof ServerFailed || error instanceof OverBudget) {
      throw error;
    }
    throw ended.aborted
      ? serverHasMoved(name)
      : new ServerFailed(name, 'late', `did not list its tools within ${LIST_TIMEOUT_MS / 1000} s.`, error);
  });
  const tools = await hashed(listed.tools);
  if (ended.aborted) {
    throw serverHasMoved(name);
  }
  const { bytes, leftOut, protocolVersion } = listed;
  return { tools, bytes, facts: { leftOut, protocolVersion, names: listed.tools.map((tool) => tool.name) } };
}

/** The failure of a list that no longer belongs to its server. */
export const serverHasMoved = (name: string): ServerFailed =>
  new ServerFailed(name, 'unreachable', 'was changed or deleted while it listed its tools; ask again.');

/** Adds the hash of each definition. Other work runs between two tools. */
async function hashed(definitions: readonly Definition[]): Promise<CataloguedTool[]> {
  const yieldTurn = createYielding();
  const tools: CataloguedTool[] = [];
  for (const definition of definitions) {
    tools.push({ definition, hash: hashDefinition(definition) });
    await yieldTurn();
  }
  return tools;
}
