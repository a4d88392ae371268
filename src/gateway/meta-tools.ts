import type { Tool } from '@modelcontextprotocol/client';
import type { Endpoint } from '../store/endpoints.ts';
import { invalidCursor } from './list-cursor.ts';
import type { Result } from './results.ts';

/** The maximum number of characters of a query. */
export const MAX_QUERY_CHARS = 500;
/** The maximum number of tools in the result of a search. */
export const MAX_FOUND_TOOLS = 50;
/** The number of tools in a result if the client does not say one. */
export const USUAL_FOUND_TOOLS = 10;
/** The maximum number of tools whose schemas are read at once. */
export const MAX_READ_TOOLS = 5;

/** The names of the tools that an endpoint in discovery mode shows. */
export const META_TOOL_NAMES = {
  search: 'search_tools',
  schema: 'get_tool_schema',
  callRead: 'call_read_tool',
  call: 'call_tool',
} as const;

const CALLED = {
  tool_name: { type: 'string', description: 'The name of the tool, as search_tools answers it.' },
  arguments: {
    type: 'object',
    description: 'The arguments of the tool, as its inputSchema from get_tool_schema says.',
    additionalProperties: true,
  },
} as const;

/**
 * The definitions of these tools. They are constant: nothing of an account is in them, so that a client can cache them,
 * and nobody can change them.
 */
export const META_TOOLS: readonly Tool[] = [
  {
    name: META_TOOL_NAMES.search,
    title: 'Search tools',
    description:
      'Finds tools of this server by words. The tools are not listed otherwise: search first, read the schema with get_tool_schema, then call the tool with call_read_tool if it is read_only, else with call_tool. Without a query, or if nothing is found, it lists the names of tools by resource.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'A few words for the task.', maxLength: MAX_QUERY_CHARS },
        limit: { type: 'integer', minimum: 1, maximum: MAX_FOUND_TOOLS, default: USUAL_FOUND_TOOLS },
      },
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: META_TOOL_NAMES.schema,
    title: 'Read schemas of tools',
    description: 'Returns the definitions of tools, with their inputSchema.',
    inputSchema: {
      type: 'object',
      properties: {
        tool_names: {
          type: 'array',
          items: { type: 'string' },
          minItems: 1,
          maxItems: MAX_READ_TOOLS,
          description: 'The names of tools, as search_tools answers them.',
        },
      },
      required: ['tool_names'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: META_TOOL_NAMES.callRead,
    title: 'Call a tool that only reads',
    description:
      'Calls a tool that search_tools shows as read_only, and refuses every other. The result is the result of the tool.',
    inputSchema: { type: 'object', properties: CALLED, required: ['tool_name'], additionalProperties: false },
    annotations: { readOnlyHint: true },
  },
  {
    name: META_TOOL_NAMES.call,
    title: 'Call a tool',
    description: 'Calls any tool that search_tools shows. The result is the result of the tool.',
    inputSchema: { type: 'object', properties: CALLED, required: ['tool_name'], additionalProperties: false },
    annotations: { readOnlyHint: false, destructiveHint: true },
  },
];

/** Answers `tools/list` with these tools, which are one page. Throws an RpcError for any cursor. */
export function listMetaTools({ cursor = '' }: Result): readonly Tool[] {
  if (cursor !== '') {
    throw invalidCursor();
  }
  return META_TOOLS;
}

/** Whether an endpoint shows these tools in place of those of its account. */
export const isInDiscovery = ({ config }: Pick<Endpoint, 'config'>): boolean => config.tool_exposure === 'discovery';
