import type {
  CallToolResult,
  InputRequiredResult,
  JsonSchemaType,
  ServerContext,
  ServerEventBus,
} from '@modelcontextprotocol/server';

/** A tool as data: what the server lists, and what it does when called. */
export type EverythingTool = {
  readonly name: string;
  readonly description: string;
  readonly inputSchema?: JsonSchemaType;
  readonly call: (
    args: Readonly<Record<string, unknown>>,
    ctx: ServerContext,
    /** Where changes are published for those who listen. */
    bus: ServerEventBus,
  ) => CallToolResult | InputRequiredResult | Promise<CallToolResult | InputRequiredResult>;
};

/** A result of one text block. */
export const text = (words: string): CallToolResult => ({ content: [{ type: 'text', text: words }] });
