import { suggestSimilar } from '../base/suggest-similar.ts';
import type { FoundTool, SearchIndex } from '../tools/search-index.ts';
import { MAX_FOUND_TOOLS, MAX_QUERY_CHARS, USUAL_FOUND_TOOLS } from './meta-tools.ts';
import { type Result, ToolRefused } from './results.ts';
import type { ShownTools } from './shown-tools.ts';

/** The maximum number of characters of names and summaries in a result. */
const MAX_RESULT_CHARS = 40_000;
/** The maximum length of a name that similar ones are looked for, and the number of names that are compared. */
const MAX_COMPARED_CHARS = 128;
const MAX_COMPARED_NAMES = 100;

/**
 * Answers `search_tools`: the tools that match, the best first; or the names of all tools by resource if there is no query,
 * or no match. Throws ToolRefused.
 */
export async function searchTools(
  index: SearchIndex,
  { query = '', limit = USUAL_FOUND_TOOLS }: Result,
): Promise<object> {
  if (typeof query !== 'string' || query.length > MAX_QUERY_CHARS) {
    throw new ToolRefused(
      `\`query\` must be a text of at most ${MAX_QUERY_CHARS} characters: a few words for the task.`,
    );
  }
  if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > MAX_FOUND_TOOLS) {
    throw new ToolRefused(`\`limit\` must be an integer from 1 to ${MAX_FOUND_TOOLS}.`);
  }
  const found = await index.search(query);
  if (found.length > 0) {
    const shown = fitting(found.slice(0, Number(limit)), ({ name, summary }) => name.length + summary.length);
    return { tools: shown.map(describe), found: found.length };
  }
  const listed = fitting(index.tools, ({ name, resource }) => name.length + resource.length);
  const left = index.tools.length - listed.length;
  return {
    tools: [],
    found: 0,
    names: [...Map.groupBy(listed, ({ resource }) => resource)].map(([resource, tools]) => ({
      resource,
      tools: tools.map(({ name }) => name),
    })),
    ...(left > 0 && { not_listed: left }),
  };
}

const describe = ({ name, summary, isReadOnly }: FoundTool) => ({ name, description: summary, read_only: isReadOnly });

/** Returns the first tools, at least one, that fit into a result. */
function fitting(tools: readonly FoundTool[], charsOf: (tool: FoundTool) => number): FoundTool[] {
  let room = MAX_RESULT_CHARS;
  const end = tools.findIndex((tool, at) => {
    room -= charsOf(tool);
    return room < 0 && at > 0;
  });
  return tools.slice(0, end === -1 ? tools.length : end);
}

/** Returns a hint at a tool with a similar name, or an empty text. Comparing all names would take too long. */
export async function suggestTool(shown: ShownTools, name: string): Promise<string> {
  if (name.length > MAX_COMPARED_CHARS) {
    return '';
  }
  const found = await (await shown.index()).search(name);
  const names = found.slice(0, MAX_COMPARED_NAMES).map((tool) => tool.name);
  return suggestSimilar(
    name,
    names.filter((other) => other.length <= MAX_COMPARED_CHARS),
  );
}
