import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { connect, WAYS } from '../support/mcp-client.ts';
import { mint } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { created, share, unique } from '../support/shared-servers.ts';
import { SERVERS, type TableServer } from '../support/table/servers.ts';

/** Over every transport and in every version, a call through `call_tool` brings what the call of the tool brings. */
const EVENTS = { Accept: 'application/json, text/event-stream' };

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

/** Mints an endpoint over a server that is reached somehow. */
async function accountOver({ reached }: TableServer): Promise<(config: object) => Promise<{ readonly token: string }>> {
  if (reached.transport === 'stdio') {
    const { command, args } = reached;
    const id = await created(gateway, { name: unique(), transport: 'stdio', command, args });
    return (config) => share(gateway, id, config);
  }
  const body = { name: 'Table', url: reached.url, transport: reached.transport, approval_policy: 'auto_approve_all' };
  const { id } = (await call(gateway.url, 'createMcpServer', { body })).body.data;
  return (config) => mint(gateway, id, config);
}

const messagesIn = (text: string): Json[] =>
  text.startsWith('{')
    ? [JSON.parse(text)]
    : [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(String(data)));

describe.each(SERVERS.filter(({ name }) => !name.includes('official')))('$name', ({ start }) => {
  let server: TableServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  test('a call and its progress are those of the tool itself', async () => {
    const minted = await accountOver(server);
    const [plain, discovery] = [await minted({}), await minted({ tool_exposure: 'discovery' })];
    for (const way of WAYS) {
      const [asPlain, asDiscovery] = await Promise.all(
        [plain, discovery].map(({ token }) => connect({ gateway, token }, way)),
      );
      for (const { name, arguments: args } of [server.asked.echo, server.asked.work]) {
        const _meta = { progressToken: 'p' };
        const isWork = name === server.asked.work.name && way !== 'stateless';
        const more = isWork ? { _meta } : {};
        const one = await asPlain?.('tools/call', { name, arguments: args, ...more }, EVENTS);
        const through = { name: 'call_tool', arguments: { tool_name: name, arguments: args } };
        const other = await asDiscovery?.('tools/call', { ...through, ...more }, EVENTS);
        const [first, second] = [messagesIn(String(one?.text)), messagesIn(String(other?.text))];
        expect(second).toEqual(first);
        expect(first.at(-1)?.result.content).toHaveLength(1);
        expect(first.length).toBe(isWork ? 4 : 1);
      }
    }
  });
});
