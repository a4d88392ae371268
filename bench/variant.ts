import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp, handlersOf } from '../src/app.ts';
import { readDocument } from '../src/contract/bundle.ts';
import { type Document, operationsOf } from '../src/contract/document.ts';
import type { Handlers } from '../src/contract/operations.ts';
import { createServer as registerServer } from '../src/servers/servers.ts';
import { serverId, successEnvelope, toMcpServer, toUpdated } from '../src/servers/wire.ts';
import { readOrCreateKeyFile } from '../src/store/key-file.ts';
import { openStore } from '../src/store/open.ts';
import { API_KEY, API_SECRET } from './credentials.ts';
import { benchConfig, benchDeps } from './deps.ts';
import type { Ready, Variant } from './measure.ts';

/**
 * One side of a comparison in a process of its own. `complete`: the server as it is. `constant`: the same app, its
 * handlers answer constants. `one-path`: the server as it is, its document cut to the one path that is asked for.
 * Tells its parent where it listens, and how much processor time it has used whenever it is asked.
 */
async function main(variant: Variant): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  // However it ends.
  process.once('exit', () => rmSync(directory, { recursive: true }));
  const config = benchConfig(directory);
  const secretKeys = [await readOrCreateKeyFile(directory)];
  const store = await openStore({
    location: { kind: 'file', directory },
    secretKeys,
    log: () => undefined,
    now: Date.now,
  });
  const deps = await benchDeps(store, config);
  const caller = await deps.credentials.keyPair(API_KEY, API_SECRET);
  if (caller === undefined) {
    throw new Error('the bench does not know its own credentials');
  }
  const server = await registerServer(deps, caller, { name: 'Bench', url: 'https://bench.example.com/mcp' });
  const handlers = handlersOf(deps);
  const constants: Handlers = {
    ...handlers,
    getMcpServer: (_input, respond) =>
      respond(200, successEnvelope('MCP server retrieved successfully', toMcpServer({ server, health: null })), {
        ETag: '"1"',
      }),
    updateMcpServer: (_input, respond) =>
      respond(200, successEnvelope('MCP server updated successfully', toUpdated(server)), { ETag: '"1"' }),
  };
  const document = await readDocument();
  const options = { document, docs: { read: async () => null }, config, violations: 'report' } as const;
  const app =
    variant === 'one-path'
      ? await createApp(deps, { ...options, document: onePath(document) }, onlyHandlersOf(onePath(document), handlers))
      : await createApp(deps, options, variant === 'constant' ? constants : handlers);
  const http = createServer(app).listen(0, '127.0.0.1', () => {
    const { port } = http.address() as AddressInfo;
    process.send?.({ url: `http://127.0.0.1:${port}`, serverId: serverId(server.id) } satisfies Ready);
  });
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.once('disconnect', () => process.exit(0));
}

/** Raw operations stay, since they cost a request of another path nothing but their place in the router. */
function onePath(document: Document): Document {
  const raw = operationsOf(document).filter((operation) => operation.raw);
  const kept = new Set(['/api/mcp-servers/{mcpServerId}', ...raw.map(({ path }) => path)]);
  return { ...document, paths: Object.fromEntries(Object.entries(document.paths).filter(([path]) => kept.has(path))) };
}

function onlyHandlersOf(document: Document, handlers: Handlers): Handlers {
  const ids = new Set<string>(operationsOf(document).map(({ id }) => id));
  return Object.fromEntries(Object.entries(handlers).filter(([id]) => ids.has(id))) as unknown as Handlers;
}

await main(process.argv[2] as Variant);
