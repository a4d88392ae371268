import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isConnectionHeader } from '../../src/base/header-names.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { discard } from '../../src/egress/http-answer.ts';
import { sendHttp } from '../../src/egress/send-http.ts';
import { find, update } from '../../src/store/servers.ts';
import { call } from '../support/client.ts';
import { mint } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { create, unique } from '../support/shared-servers.ts';

/** Headers of HTTP and of its neighbours, of one hop or not. */
const NAMES = [
  ...[
    'Accept',
    'Accept-Charset',
    'Accept-Encoding',
    'Authorization',
    'Cache-Control',
    'Close',
    'Connection',
    'Content-Length',
  ],
  ...[
    'Content-Type',
    'Cookie',
    'Date',
    'Expect',
    'Expect-CT',
    'Forwarded',
    'From',
    'Host',
    'HTTP2-Settings',
    'Keep-Alive',
  ],
  ...['Last-Event-ID', 'Max-Forwards', 'Origin', 'Pragma', 'Prefer', 'Proxy-Authenticate', 'Proxy-Authorization'],
  ...['Proxy-Connection', 'Range', 'Referer', 'Sec-WebSocket-Extensions', 'Sec-WebSocket-Key', 'TE', 'Trailer'],
  ...['Transfer-Encoding', 'Upgrade', 'User-Agent', 'Via', 'Warning', 'X-Api-Key', 'X-Forwarded-For', 'Mcp-Session-Id'],
];
const REFUSED = NAMES.filter(isConnectionHeader);
const SPELLINGS = REFUSED.flatMap((name) => [name, name.toUpperCase(), name.toLowerCase()]);

/** What the gateway makes of each message. */
const COMPUTED = {
  Accept: 'text/plain',
  'Accept-Encoding': 'gzip',
  'content-type': 'text/evil',
  'Content-Encoding': 'gzip',
  'Mcp-Session-Id': 'evil-session',
  'MCP-PROTOCOL-VERSION': '1999-01-01',
  'Mcp-Method': 'evil/method',
  'Mcp-Name': 'evil',
  'Mcp-Param-Region': 'evil',
  'Last-Event-ID': 'evil',
};

let gateway: TestServer;
let seen: IncomingHttpHeaders[] = [];
const server = createServer((request, response) => {
  seen.push(request.headers);
  request.resume();
  response.writeHead(404).end();
}).on('upgrade', (request, socket) => {
  seen.push(request.headers);
  socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
});
let place: string;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await gateway.stop();
  server.closeAllConnections();
  server.close();
});

const register = (request_headers: object, transport = 'STREAMABLE_HTTP') =>
  call(gateway.url, 'createMcpServer', {
    body: { name: 'x', url: `${transport === 'WebSocket' ? 'ws' : 'http'}://${place}/mcp`, transport, request_headers },
  });

describe('a header that cannot be sent', () => {
  test.each(SPELLINGS)('%s is refused by the Servers API and by the Operator API, with a sentence', async (name) => {
    const team = await register({ [name]: 'x' });
    expect([team.status, team.text]).toEqual([400, expect.stringContaining('other than those of the connection')]);
    const operator = await create(gateway, { name: unique(), url: `http://${place}/mcp`, headers: { [name]: 'x' } });
    expect([operator.status, operator.text]).toEqual([
      422,
      expect.stringContaining('other than those of the connection'),
    ]);
  });

  test('is any header that the HTTP client refuses', async () => {
    const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
    const sent = async (name: string) => {
      seen = [];
      const signal = AbortSignal.timeout(5000);
      const request = {
        path: '/',
        method: 'POST',
        headers: { [name.toLowerCase()]: '5' },
        body: 'hello',
        idleTimeoutMs: 0,
      } as const;
      const answer = await sendHttp(
        egress,
        { origin: `http://${place}`, signal, ...request },
        ({ cause }) => cause,
      ).catch(() => null);
      if (answer !== null) {
        discard(answer);
      }
      return seen[0]?.[name.toLowerCase()] === '5';
    };
    for (const name of NAMES.filter((one) => !isConnectionHeader(one))) {
      expect([name, await sent(name)]).toEqual([name, true]);
    }
    await egress.dispatcher.close();
  });
});

describe.each(['STREAMABLE_HTTP', 'SSE', 'WebSocket'])('over %s', (transport) => {
  test('headers of the message replace configured ones, and the others are sent', async () => {
    const { body } = await register({ ...COMPUTED, Authorization: 'Bearer mine', 'X-Any': '1' }, transport);
    seen = [];
    await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: body.data.id } });
    expect(seen.length).toBeGreaterThan(0);
    for (const headers of seen) {
      expect(headers).toMatchObject({ authorization: 'Bearer mine', 'x-any': '1' });
      expect(JSON.stringify(headers)).not.toMatch(/evil|1999|text\/plain|gzip/);
    }
  });

  test('a stored server with headers of the connection is used without them', async () => {
    const { body } = await register({ Authorization: 'Bearer mine' }, transport);
    const { id } = body.data;
    const { organizationId } = gateway;
    const stored = await find(gateway.deps.store.read, organizationId, id.slice('mcp_'.length));
    if (stored === null) {
      throw new Error('not stored');
    }
    const requestHeaders = { ...stored.requestHeaders, ...Object.fromEntries(REFUSED.map((name) => [name, 'odd'])) };
    await gateway.deps.store.write((db) => update(db, { ...stored, requestHeaders }, stored.version));
    const read = await call(gateway.url, 'getMcpServer', { path: { mcpServerId: id } });
    expect([read.status, read.body.data.request_headers]).toEqual([200, requestHeaders]);
    expect((await call(gateway.url, 'listMcpServers')).status).toBe(200);
    const patched = await call(gateway.url, 'updateMcpServer', { path: { mcpServerId: id }, body: { name: 'y' } });
    expect(patched.status).toBe(200);
    seen = [];
    await call(gateway.url, 'listMcpServerTools', { path: { mcpServerId: id } });
    expect(seen.length).toBeGreaterThan(0);
    expect(JSON.stringify(seen)).not.toContain('odd');
    await mint(gateway, id);
  });
});
