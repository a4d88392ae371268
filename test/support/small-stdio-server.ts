import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * An MCP server as a process that starts at once, for it has no SDK: `node test/support/small-stdio-server.ts`. It lists
 * `environment`, `folder` and `pid`, or what the variable `TOOLS` holds as JSON, and says `COMPLAINT` on its standard
 * error. Its process id goes to the file `PIDS`; it reads nothing for the first `WAIT` milliseconds.
 */
const { TOOLS, COMPLAINT, PIDS, WAIT } = process.env;
const SAID: Readonly<Record<string, () => unknown>> = {
  environment: () => process.env,
  folder: () => process.cwd(),
  pid: () => process.pid,
};
const tools =
  TOOLS === undefined
    ? Object.keys(SAID).map((name) => ({ name, inputSchema: { type: 'object' } }))
    : JSON.parse(TOOLS);

type Params = { readonly name: string; readonly protocolVersion: string };
const RESULTS: Readonly<Record<string, (params: Params) => object>> = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'small', version: '1' },
  }),
  'tools/list': () => ({ tools }),
  'tools/call': ({ name }) => ({ content: [{ type: 'text', text: JSON.stringify(SAID[name]?.() ?? null) }] }),
};

if (COMPLAINT !== undefined) {
  process.stderr.write(COMPLAINT);
}
if (PIDS !== undefined) {
  appendFileSync(PIDS, `${process.pid}\n`);
}
await delay(Number(WAIT ?? 0));
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id !== undefined) {
    const result = RESULTS[method]?.(params);
    const outcome = result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result };
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...outcome })}\n`);
  }
}
