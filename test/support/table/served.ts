import { setTimeout as delay } from 'node:timers/promises';
import { McpServer, ResourceTemplate, type ServerContext, type ServerEventBus } from '@modelcontextprotocol/server';
import type { Json } from '../json.ts';

/** The known calls of one server, since it was started. */
export type ServedState = { held: number; cancelled: number };

/** Milliseconds between two messages, so that each travels alone, and for which a call waits to be cancelled. */
const PAUSE_MS = 10;
const HOLD_MS = 5000;
const WATCHED = 'table://watched';

const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: {},
  resources: { subscribe: true },
  logging: {},
  completions: {},
};
const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });

type Tool = (args: Json, ctx: ServerContext) => Promise<string> | string;

/** Creates a server of the SDK with each feature of the table. `bus` has its changes in the version 2026-07-28. */
export function createTableServer(state: ServedState, bus?: ServerEventBus): McpServer {
  const mcp = new McpServer({ name: 'table', version: '1' }, { capabilities: CAPABILITIES });
  const tools: Readonly<Record<string, Tool>> = {
    echo: ({ text: said }) => `You said: ${said}`,
    work: async (_, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of progressToken === undefined ? [] : [1, 2, 3]) {
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 3 } });
        await delay(PAUSE_MS);
      }
      return 'Worked.';
    },
    hold: async (_, { mcpReq }) => {
      state.held += 1;
      await delay(HOLD_MS, undefined, { signal: mcpReq.signal }).catch(() => {
        state.cancelled += 1;
      });
      return 'Held.';
    },
    counts: () => JSON.stringify(state),
    pid: () => String(process.pid),
    touch: async () => {
      bus?.publish({ kind: 'resource_updated', uri: WATCHED });
      await mcp.server.sendResourceUpdated({ uri: WATCHED }).catch(() => undefined);
      return 'Touched.';
    },
    log: async (_, { mcpReq }) => {
      await mcpReq.log('error', 'A word for the log');
      return 'Logged.';
    },
  };
  mcp.server.setRequestHandler('tools/list', () => ({
    tools: Object.keys(tools).map((name) => ({ name, description: `Tool ${name}`, inputSchema: { type: 'object' } })),
  }));
  mcp.server.setRequestHandler('tools/call', async ({ params: { name, arguments: args = {} } }, ctx) => {
    const said = await tools[name]?.(args, ctx);
    return said === undefined ? { ...text(`There is no tool ${name}.`), isError: true } : text(said);
  });
  const plain = { mimeType: 'text/plain' };
  mcp.registerResource('watched', WATCHED, plain, ({ href: uri }) => ({
    contents: [{ uri, ...plain, text: 'Seen.' }],
  }));
  mcp.registerResource(
    'template',
    new ResourceTemplate('table://of/{id}', { list: undefined }),
    plain,
    (uri, { id }) => ({
      contents: [{ uri: uri.href, ...plain, text: `The resource ${id}.` }],
    }),
  );
  for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const) {
    mcp.server.setRequestHandler(method, () => ({}));
  }
  mcp.registerPrompt('greet', { description: 'A greeting' }, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'Hello.' } }],
  }));
  mcp.server.setRequestHandler('completion/complete', ({ params: { argument } }) => {
    const values = ['paris', 'park', 'rome'].filter((value) => value.startsWith(argument.value));
    return { completion: { values, total: values.length, hasMore: false } };
  });
  return mcp;
}
