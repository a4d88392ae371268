import { fromJsonSchema, McpServer, type ServerEventBus } from '@modelcontextprotocol/server';
import { requestState } from './asking.ts';
import { askingTools } from './asking-tools.ts';
import { contentTools } from './content-tools.ts';
import { registerPrompts } from './prompts.ts';
import { registerResources } from './resources.ts';
import { streamTools } from './stream-tools.ts';

// Compiled once: the stateless version makes a server for each request.
const TOOLS = [...contentTools, ...streamTools, ...askingTools].map(({ inputSchema, ...tool }) => ({
  ...tool,
  inputSchema: fromJsonSchema<Record<string, unknown>>(inputSchema ?? { type: 'object' }),
}));

/** An MCP server with every feature that the conformance suites try; it publishes its changes on the bus. */
export function createMcpServer(bus: ServerEventBus): McpServer {
  const server = new McpServer(
    { name: 'everything', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: requestState.verify },
    },
  );
  for (const { name, description, inputSchema, call } of TOOLS) {
    server.registerTool(name, { description, inputSchema }, (args, ctx) => call(args, ctx, bus));
  }
  registerResources(server);
  registerPrompts(server);
  return server;
}
