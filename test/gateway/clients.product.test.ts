import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEverythingServer } from '../support/everything/server.ts';
import { CLIENTS, type Place } from '../support/mcp-clients.ts';
import { type McpServer, type ServedTool, startHandshakeServer, startStatelessServer } from '../support/mcp-servers.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Called like tools of the server with everything, so that all servers can be asked the same. */
const SHOWN = 'test_tool_with_progress';
const HIDDEN = 'test_simple_text';
const TOOLS: readonly ServedTool[] = [
  { name: HIDDEN, call: () => 'Nobody may see this.' },
  {
    name: SHOWN,
    call: async ({ progress }) => {
      for (const percent of [0, 50, 100]) {
        await progress(percent, 'Working');
      }
      return 'Done.';
    },
  },
];

const SERVERS: readonly (readonly [name: string, start: () => Promise<McpServer>])[] = [
  ['both eras', startEverythingServer],
  ['a handshake, with sessions', () => startHandshakeServer(TOOLS)],
  ['a handshake, without sessions', () => startHandshakeServer(TOOLS, { sessions: false })],
  ['2026-07-28 only', () => startStatelessServer(TOOLS)],
];

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

const PLACES: readonly (readonly [name: string, place: (minted: Minted) => Place])[] = [
  ['/mcp/<token>', ({ url }) => ({ url, headers: {} })],
  ['/mcp', ({ token }) => ({ url: `${gateway.url}/mcp`, headers: { Authorization: `Bearer ${token}` } })],
];

describe.each(SERVERS)('over a server that speaks %s', (_, start) => {
  let server: McpServer;
  let minted: Minted;
  beforeAll(async () => {
    server = await start();
    minted = await mintOver(gateway, server.url, { config: { methods: [SHOWN] } });
  });
  afterAll(() => server.stop());

  describe.each(CLIENTS)('$name', ({ connect, hearsProgress, refusal }) => {
    test.each(PLACES)('at %s lists, calls, gets progress, and is refused hidden tools', async (_, place) => {
      const client = await connect(place(minted));
      const heard: number[] = [];
      const onProgress = ({ progress }: { progress: number }) => void heard.push(progress);
      const [names, text, refused] = await Promise.all([
        client.list(),
        client.call(SHOWN, hearsProgress ? { onProgress } : {}),
        client.call(HIDDEN).catch((error: Error) => error.message),
      ]);
      expect(names).toEqual([SHOWN]);
      expect(text).toBe('Done.');
      expect(heard).toEqual(hearsProgress ? [0, 50, 100] : []);
      expect(refused).toContain(refusal(HIDDEN));
      await client.close();
    });
  });
});
