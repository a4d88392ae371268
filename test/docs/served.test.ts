import { createHash, randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { type Answer, askOnce } from '../support/ask-once.ts';
import { document, operations } from './support.ts';

const PUBLIC_URL = 'https://gatehouse.example.com/gw';
let page: string | null;
let server: RunningServer;

const start = (): Promise<RunningServer> =>
  startServer({
    config: parseConfig({
      GATEHOUSE_PORT: '0',
      GATEHOUSE_PUBLIC_URL: PUBLIC_URL,
      GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64'),
    }),
    document,
    docs: { read: async () => page },
    log: pino({ level: 'silent' }),
    violations: 'throw',
    location: { kind: 'memory' },
  });
beforeEach(async () => {
  page = null;
  server = await start();
});
afterEach(() => server.stop());

/** What a proxy at the public URL passes on. */
const get = (url: string): Promise<Answer> => {
  expect(url.startsWith(`${PUBLIC_URL}/`), url).toBe(true);
  return askOnce(url.replace(PUBLIC_URL, server.url), 'get', '');
};

test('without a page, /docs names the command that builds it; everything else is there', async () => {
  const answer = await get(`${PUBLIC_URL}/docs`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  expect(answer.text).toContain('npm run docs');
  expect((await get(`${PUBLIC_URL}/llms.txt`)).status).toBe(200);
  expect((await get(`${PUBLIC_URL}/docs/errors.md`)).status).toBe(200);
});

test('the page asks this server, under its public URL', async () => {
  page = '<!doctype html><title>x</title>curl http://localhost:8080/api/mcp-servers';
  const answer = await get(`${PUBLIC_URL}/docs`);
  expect(answer.headers.get('content-type')).toContain('text/html');
  expect(answer.text).toBe(`<!doctype html><title>x</title>curl ${PUBLIC_URL}/api/mcp-servers`);
});

test('the page allows its own scripts, as they are under the public URL', async () => {
  const script = (server: string) => `ask('${server}/api')`;
  page = `<meta content="script-src 'sha256-of-the-file='; img-src data:"><script>${script('http://localhost:8080')}</script>`;
  const hash = createHash('sha256').update(script(PUBLIC_URL)).digest('base64');
  expect((await get(`${PUBLIC_URL}/docs`)).text).toContain(`content="script-src 'sha256-${hash}'; img-src data:"`);
});

test('every link of llms.txt, and every link of what it leads to, is answered under the public URL', async () => {
  const seen = new Set<string>();
  const follow = async (from: string, text: string): Promise<void> => {
    // Code is not a link.
    const prose = text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`]*`/g, '');
    for (const [, target = ''] of prose.matchAll(/\]\(([^)]+)\)/g)) {
      const url = new URL(target, from);
      url.hash = '';
      if (!seen.has(url.href)) {
        seen.add(url.href);
        const answer = await get(url.href);
        expect(answer.status, url.href).toBe(200);
        const isMarkdown = answer.headers.get('content-type')?.startsWith('text/markdown');
        expect(isMarkdown, url.href).toBe(!url.href.endsWith('.json'));
        const body = answer.text;
        await (isMarkdown ? follow(url.href, body) : undefined);
      }
    }
  };
  const index = `${PUBLIC_URL}/llms.txt`;
  await follow(index, (await get(index)).text);
  expect(seen).toContain(`${PUBLIC_URL}/docs/updateMcpServer.md`);
  expect(seen.size).toBeGreaterThan(25);
});

test.each(['updateMcpServer.md', 'updateMcpServer.html', 'getting-started.md', 'clients.html'])(
  'a page shows samples that ask this server: %s',
  async (name) => {
    const { text } = await get(`${PUBLIC_URL}/docs/${name}`);
    expect(text).toMatch(new RegExp(`(?:curl|claude) .*${PUBLIC_URL}/`));
    expect(text).not.toMatch(/(?:localhost|127\.0\.0\.1):8080/);
  },
);

test('every error leads to a heading of the page that it links', async () => {
  const { text } = await get(`${PUBLIC_URL}/docs/errors.html`);
  for (const path of ['/api/mcp-servers', '/integration', '/nowhere', '/mcp/unknown']) {
    const { headers } = await get(`${PUBLIC_URL}${path}`);
    const [, page, code] = /^<([^#]+)#(\w+)>; rel="help"$/.exec(headers.get('link') ?? '') ?? [];
    expect(page).toBe(`${PUBLIC_URL}/docs/errors.html`);
    expect(text, path).toContain(`<h2 id="${code}">`);
  }
});

test('every link of every HTML page is answered under the public URL', async () => {
  page = '<!doctype html><title>x</title>';
  const left = [`${PUBLIC_URL}/docs/errors.html`];
  const seen = new Set(left);
  for (let url = left.pop(); url !== undefined; url = left.pop()) {
    const { status, text } = await get(url);
    expect(status, url).toBe(200);
    for (const [, link = ''] of url.endsWith('.html') ? text.matchAll(/<a [^>]*href="([^"]*)"/g) : []) {
      const target = new URL(link, url);
      target.hash = '';
      if (!seen.has(target.href)) {
        seen.add(target.href);
        left.push(target.href);
      }
    }
  }
  expect(seen).toContain(`${PUBLIC_URL}/docs`);
  expect(seen.size).toBeGreaterThan(2 * operations.length);
});

test.each(['nope.md', 'constructor.md', '__proto__', 'index.html'])('there is no page %s', async (name) => {
  expect((await get(`${PUBLIC_URL}/docs/${name}`)).status).toBe(404);
});
