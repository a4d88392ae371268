import { MAX_READ_TOOLS } from './meta-tools.ts';
import { type Result, ToolRefused, unknownToolText } from './results.ts';
import { suggestTool } from './search-tools.ts';
import type { ShownTools } from './shown-tools.ts';
import { MAX_PAGE_BYTES } from './tool-lists.ts';

/**
 * Answers `get_tool_schema`: the definitions of the named tools, without their output schemas. A tool that would make the
 * answer larger than a page of `tools/list` is named in `left_out`. Throws ToolRefused.
 */
export async function readSchemas(shown: ShownTools, { tool_names: names }: Result): Promise<object> {
  const isList = Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string');
  if (!isList || names.length > MAX_READ_TOOLS) {
    throw new ToolRefused(`\`tool_names\` must be a list of 1 to ${MAX_READ_TOOLS} names of tools.`);
  }
  const tools: object[] = [];
  const unknown: string[] = [];
  const leftOut: string[] = [];
  let bytes = 0;
  for (const name of new Set<string>(names)) {
    const tool = await shown.find(name);
    if (tool === undefined) {
      unknown.push(`${unknownToolText(name)}${await suggestTool(shown, name)}`);
      continue;
    }
    const { outputSchema, ...definition } = tool.definition;
    bytes += Buffer.byteLength(JSON.stringify(definition));
    if (tools.length > 0 && bytes > MAX_PAGE_BYTES) {
      leftOut.push(name);
    } else {
      tools.push(definition);
    }
  }
  return {
    tools,
    ...(unknown.length > 0 && { unknown }),
    ...(leftOut.length > 0 && { left_out: leftOut, note: 'The answer would be too large: ask for these alone.' }),
  };
}
