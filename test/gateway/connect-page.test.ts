import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
const NAME = `Mail & <b>"Tom's"</b></script><script>alert(1)</script>`;

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
beforeAll(async () => {
  gateway = await startTestServer({
    env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1', GATEHOUSE_PUBLIC_URL: 'https://localhost/gw' },
  });
  server = await startScripted('handshake');
  minted = await mintOver(gateway, server.url);
  await rename(NAME);
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

const rename = async (name: string) => {
  const path = { integrated_account_id: minted.serverId.slice('mcp_'.length), id: minted.id };
  expect((await call(gateway.url, 'updateEndpoint', { path, body: { name } })).status).toBe(200);
};
const open = (headers: Readonly<Record<string, string>>, token = minted.token): Promise<Answer> =>
  call(gateway.url, 'openEndpointStream', { path: { token }, as: 'nobody', headers });

describe('a browser', () => {
  test.each([BROWSER, 'text/html', 'text/HTML;q=0.9', 'application/xml, text/html ; charset=utf-8'])(
    '200: gets a page with the public URL as text, with Accept: %s',
    async (accept) => {
      const { status, headers, text } = await open({ Accept: accept });
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(text).toContain(`<pre id="url"><code>https://localhost/gw/mcp/${minted.token}</code></pre>`);
      expect(text).toContain(`claude mcp add --transport http mail-b-tom-s-b-script-script-alert-1-script https://`);
    },
  );

  test('no attribute and no script of the page holds the token', async () => {
    const { text } = await open({ Accept: BROWSER });
    const tags = text.match(/<[a-z][^>]*>/g) ?? [];
    const scripts = text.match(/<script[\s\S]*?<\/script>/g) ?? [];
    expect([tags.length > 20, scripts.length]).toEqual([true, 1]);
    expect([...tags, ...scripts].filter((part) => part.includes(minted.token))).toEqual([]);
    expect(text).not.toMatch(/<a\b|<link\b[^>]*href="(?!data:)|\ssrc=/);
  });

  test('the name of the endpoint is text', async () => {
    const { text } = await open({ Accept: BROWSER });
    expect(text).toContain('<h1>Mail &amp; &lt;b&gt;&quot;Tom&#39;s&quot;&lt;/b&gt;&lt;/script&gt;');
    expect(text).not.toContain('alert(1)</script>');
  });

  test('the answer is kept nowhere, sends no referrer, and allows its own script alone, by a nonce used once', async () => {
    const [one, other] = [await open({ Accept: BROWSER }), await open({ Accept: BROWSER })];
    const nonceOf = ({ headers }: Answer) =>
      /script-src 'nonce-([\w+/=]{22,})';/.exec(headers.get('content-security-policy') ?? '')?.[1] ?? '';
    expect(nonceOf(one)).not.toBe(nonceOf(other));
    expect(one.text).toContain(`<script nonce="${nonceOf(one)}">`);
    expect(Object.fromEntries(one.headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; .*base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      ),
    });
  });

  test('401: an unknown token is answered as to any client', async () => {
    const unknown = '0'.repeat(32);
    const [asBrowser, asClient] = [
      await open({ Accept: BROWSER }, unknown),
      await open({ Accept: 'text/event-stream' }, unknown),
    ];
    expect([asBrowser.status, asBrowser.text]).toEqual([401, asClient.text]);
  });
});

test.each([
  {},
  { Accept: '*/*' },
  { Accept: 'text/event-stream' },
  { Accept: 'text/event-stream, text/html' },
  { Accept: 'application/json, text/html;q=0' },
  { Accept: 'text/html; q=0.000, */*' },
  { Accept: 'text/htmlx' },
])('405: an MCP client without a session gets no page, with %j', async (headers) => {
  expect((await open(headers)).status).toBe(405);
});

test('404: a session that is none is looked for, whatever else the client accepts', async () => {
  expect((await open({ Accept: BROWSER, 'Mcp-Session-Id': 'garbage' })).status).toBe(404);
});
