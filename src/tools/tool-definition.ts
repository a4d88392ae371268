import type { DerivedTool } from './types.ts';

/** Returns the definition of a tool, as `tools/list` answers it. */
export const definitionOf = ({ name, description, inputSchema, outputSchema, annotations }: DerivedTool) => ({
  name,
  description,
  inputSchema,
  ...(outputSchema !== undefined && { outputSchema }),
  annotations,
});
