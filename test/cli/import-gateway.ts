import { afterAll, afterEach, beforeAll } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { type McpServer, startHandshakeServer } from '../support/mcp-servers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { statusOf, stdio } from '../support/shared-servers.ts';
import { serverNamed, serversOf } from './mcp-json-files.ts';

export const TOOLS = [{ name: 'echo', call: ({ args }: { args: Json }) => String(args.text) }];
export const RELOADED = 'Saved and reloaded.';
/** An entry of a server of the SDK as a local process. */
export const PROCESS = { command: process.execPath, args: stdio('').args };
/** One that nothing is started for. */
export const OFF = { command: 'no-such-command', disabled: true };

/** What the tests of a file import into, and a server that entries may name; there from its first test to its last. */
export let gateway: TestServer;
export let echo: McpServer;

/** Has a file start both, and every test end with no servers in the gateway. */
export function importsIntoGateway(): void {
  beforeAll(async () => {
    gateway = await startTestServer();
    echo = await startHandshakeServer(TOOLS);
  });
  afterEach(async () => {
    for (const { id } of await serversOf(gateway)) {
      await call(gateway.url, 'deleteSharedServer', { path: { mcp_id: id } });
    }
  });
  afterAll(async () => {
    await gateway.stop();
    await echo.stop();
  });
}

/** How the shared server of that name is. */
export const stateOf = async (name: string): Promise<string> =>
  (await statusOf(gateway, (await serverNamed(gateway, name)).id)).state;
