import { createInterface } from 'node:readline';

/**
 * An MCP server as a process that answers as no server should: `node test/support/odd-stdio-server.ts`. Its tools are
 * those below, and as many long ones as the variable `LONG` says.
 */
const LONG = Number(process.env.LONG ?? 0);
const MIB = 1024 * 1024;

const send = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const drained = () => new Promise((resolve) => process.stdout.once('drain', resolve));

type Params = {
  readonly name: string;
  readonly protocolVersion: string;
  readonly _meta?: { readonly progressToken?: string | number };
};
/** What a tool does before it answers with the id of its process; false: it does not answer. */
const TOOLS: Readonly<Record<string, (params: Params) => unknown>> = {
  pid: () => true,
  nonsense: () => {
    process.stdout.write('{"jsonrpc":"2.0","id":7,"result":{\n');
    return false;
  },
  half: () => {
    process.stdout.write('{"jsonrpc":"2.0","id":', () => process.exit(0));
    return false;
  },
  endless: async () => {
    for (let sent = 0; sent < 100; sent++) {
      if (!process.stdout.write('x'.repeat(MIB))) {
        await drained();
      }
    }
    return false;
  },
  flood: async ({ _meta }) => {
    for (let progress = 0; progress < 100_000; progress++) {
      const params = { progressToken: _meta?.progressToken, progress };
      if (!send({ method: 'notifications/progress', params })) {
        await drained();
      }
    }
  },
};

const described = (name: string, length: number) => ({
  name,
  description: 'x'.repeat(length),
  inputSchema: { type: 'object' },
});
const listed = () => [
  ...Object.keys(TOOLS).map((name) => described(name, 0)),
  ...Array.from({ length: LONG }, (_, index) => described(`long-${index}`, 10_000)),
];

const RESULTS: Readonly<Record<string, (params: Params) => object>> = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'odd', version: '1' },
  }),
  'tools/list': () => ({ tools: listed() }),
  'tools/call': () => ({ content: [{ type: 'text', text: String(process.pid) }] }),
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line);
  const isAnswered = method !== 'tools/call' || (await TOOLS[params.name]?.(params)) !== false;
  if (id !== undefined && isAnswered) {
    const result = RESULTS[method]?.(params);
    send({ id, ...(result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }) });
  }
});
