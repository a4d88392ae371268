import { definitionOf } from './tool-definition.ts';
import type { DerivedTool, Warning } from './types.ts';

/** The approximate number of bytes of a token: JSON of tools has about four. */
const BYTES_PER_TOKEN = 4;
/** The size of all definitions above which there is a warning, in bytes: about 50,000 tokens. */
const WARNED_BYTES = 200_000;

/** Returns the size of the definitions of tools as JSON, in bytes. */
export const bytesOf = (tools: readonly DerivedTool[]): number =>
  tools.reduce((sum, tool) => sum + Buffer.byteLength(JSON.stringify(definitionOf(tool))), 0);

/** Returns the approximate number of tokens of definitions of this size for a language model. */
export const tokensOf = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

/** Returns a warning if the definitions of all tools are too large for most language models, otherwise none. */
export function sizeWarnings(count: number, bytes: number): Warning[] {
  if (bytes <= WARNED_BYTES) {
    return [];
  }
  const size = `The definitions of its ${count} tools have ${bytes} bytes, about ${tokensOf(bytes)} tokens`;
  return [
    {
      operation: null,
      message: `${size}: few language models can read them all. Give endpoints methods or tags, or tool_exposure discovery.`,
    },
  ];
}
