import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DEEP, ODD_MESSAGES } from './odd-messages.ts';

/**
 * An MCP server as a process that answers as no server should: `node test/support/odd-stdio-server.ts`. Its tools are
 * those below, and as many long ones as the variable `LONG` says.
 */
const LONG = Number(process.env.LONG ?? 0);
const MIB = 1024 * 1024;

const send = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const drained = () => new Promise((resolve) => process.stdout.once('drain', resolve));
const reading = createInterface({ input: process.stdin });
/** Nothing that is read keeps the process any more. */
const stay = () => setInterval(() => undefined, 60_000);

type Params = {
  readonly name: string;
  readonly protocolVersion: string;
  readonly _meta?: { readonly progressToken?: string | number };
};
/** What a tool does before it answers with the id of its process; false: it does not answer. */
const TOOLS: Record<string, (params: Params, id: unknown) => unknown> = {
  pid: () => true,
  exit: () => process.exit(3),
  // Another tool, which only this process has.
  learn: () => {
    TOOLS.learnt = () => true;
    send({ method: 'notifications/tools/list_changed' });
  },
  unplug: () => {
    stay();
    process.stdin.destroy();
    closeSync(0);
  },
  deafen: () => {
    stay();
    reading.pause();
  },
  ids: () => process.stdout.write(ODD_MESSAGES.map((message) => `${message}\n`).join('')),
  deep: (_params, id) => {
    process.stdout.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${DEEP}}\n`);
    return false;
  },
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
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: 'odd', version: '1' },
  }),
  'tools/list': () => ({ tools: listed() }),
  'tools/call': () => ({ content: [{ type: 'text', text: String(process.pid) }] }),
};

reading.on('line', async (line) => {
  const { id, method, params } = JSON.parse(line);
  const isAnswered = method !== 'tools/call' || (await TOOLS[params.name]?.(params, id)) !== false;
  if (id !== undefined && isAnswered) {
    const result = RESULTS[method]?.(params);
    send({ id, ...(result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }) });
  }
});
