import { derive } from '../../../src/tools/derive.ts';
import type { DerivedTool, DeriveOptions } from '../../../src/tools/types.ts';

/** An OpenAPI document of some paths. */
export const documentOf = (paths: unknown, rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  openapi: '3.1.0',
  info: { title: 'A service', version: '1' },
  paths,
  ...rest,
});

/** What is derived from a document, for the integration `acme`. */
export const derived = (document: unknown, options: Partial<DeriveOptions> = {}) =>
  derive(JSON.stringify(document), { integration: 'acme', ...options });

/** The one tool of a document with one operation. */
export function toolOf(
  method: string,
  path: string,
  operation: object,
  rest: Record<string, unknown> = {},
  options: Partial<DeriveOptions> = {},
): DerivedTool {
  const document = documentOf({ [path]: { [method]: { summary: 'Does it.', ...operation } } }, rest);
  const { tools, skipped } = derived(document, options);
  const [tool] = tools;
  if (tool === undefined || tools.length > 1) {
    throw new Error(`not one tool: ${JSON.stringify(skipped)}`);
  }
  return tool;
}

/** Why the one operation of a document yields no tool. */
export function reasonOf(method: string, path: string, operation: object, rest: Record<string, unknown> = {}): string {
  const { tools, skipped } = derived(documentOf({ [path]: { [method]: { summary: 'Does it.', ...operation } } }, rest));
  return tools.length === 0 && skipped.length === 1 ? (skipped[0]?.reason ?? '') : `not skipped: ${tools.length} tools`;
}

/** A request body in JSON. */
export const jsonBody = (schema: unknown, required = true): object => ({
  requestBody: { required, content: { 'application/json': { schema } } },
});

/** An answer in JSON. */
export const jsonAnswer = (schema: unknown): object => ({
  description: 'fine',
  content: { 'application/json': { schema } },
});

/** The schemas of a tool's arguments. */
export const argumentsOf = (tool: DerivedTool): Record<string, unknown> =>
  tool.inputSchema.properties as Record<string, unknown>;
