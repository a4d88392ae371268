import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * An MCP server as a process of its own: `node test/support/stdio-server.ts handshake|stateless`, of the SDK v1 or v2.
 * What its tools answer is what the process is like.
 */
const TOOLS: Readonly<Record<string, (args: Readonly<Record<string, unknown>>) => unknown>> = {
  echo: ({ text }) => text,
  environment: () => process.env,
  folder: () => process.cwd(),
  pid: () => process.pid,
  slow: async ({ ms }) => {
    await delay(Number(ms));
    return 'done';
  },
  complain: ({ text }) => process.stderr.write(`${text}\n`),
  chatter: ({ text }) => process.stdout.write(`${text}\n`),
  // A grandchild that holds what it has inherited open.
  spawn: () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).pid,
  // A line without an end.
  flood: async ({ megabytes }) => {
    for (let count = 0; count < Number(megabytes); count++) {
      if (!process.stdout.write('x'.repeat(1024 * 1024))) {
        await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    }
  },
  half: () => {
    process.stdout.write('{"jsonrpc":"2.0","id":');
    process.exit(0);
  },
  exit: ({ code }) => process.exit(Number(code)),
};

const INFO = { name: 'stdio', version: '1' };
const CAPABILITIES = { capabilities: { tools: { listChanged: true }, logging: {} } };
const listed = () => ({
  tools: Object.keys(TOOLS).map((name) => ({ name, inputSchema: { type: 'object' as const } })),
});

type Params = { readonly name: string; readonly arguments?: Record<string, unknown> | undefined };
async function answer({ name, arguments: args = {} }: Params) {
  const said = await TOOLS[name]?.(args);
  return { content: [{ type: 'text' as const, text: typeof said === 'string' ? said : JSON.stringify(said ?? null) }] };
}

// Many of these are started: each loads one SDK.
if (process.argv[2] === 'stateless') {
  const { Server } = await import('@modelcontextprotocol/server');
  const { serveStdio } = await import('@modelcontextprotocol/server/stdio');
  serveStdio(
    () => {
      const server = new Server(INFO, CAPABILITIES);
      server.setRequestHandler('tools/list', listed);
      server.setRequestHandler('tools/call', ({ params }) => answer(params));
      return server as never;
    },
    { legacy: 'reject' },
  );
} else {
  const { Server } = await import('@modelcontextprotocol/sdk/server/index.js');
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
  const { CallToolRequestSchema, ListToolsRequestSchema } = await import('@modelcontextprotocol/sdk/types.js');
  const server = new Server(INFO, CAPABILITIES);
  server.setRequestHandler(ListToolsRequestSchema, listed);
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => answer(params));
  await server.connect(new StdioServerTransport());
}
