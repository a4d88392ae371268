import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SANDBOX_CREDENTIALS, startSandbox } from '../../src/sandbox/sandbox.ts';
import { CHROMIUM, FLAGS, requireChromium } from '../support/chromium.ts';
import { startMock } from '../support/mock.ts';
import { ROOT } from '../support/process.ts';

const FOLDER = join(ROOT, 'examples/front-end');

let browser: Browser | undefined;
let mock: Awaited<ReturnType<typeof startMock>>;
beforeAll(async () => {
  mock = await startMock();
  browser = CHROMIUM === undefined ? undefined : await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
afterAll(async () => {
  await browser?.close();
  await mock.stop();
});

/** Opens the page, and returns its parts when the first answer is shown. */
async function open(base: string, query: Readonly<Record<string, string>>) {
  const page = await (browser as Browser).newPage();
  await page.goto(`${base}?${new URLSearchParams(query)}`);
  const items = () => page.locator('li').allTextContents();
  const alert = () => page.getByRole('alert').textContent();
  const register = async (name: string, url: string) => {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('URL').fill(url);
    await page.getByRole('button').click();
  };
  return { items, alert, register };
}

/** The page as a file, which is how its README opens it. */
const FILE = pathToFileURL(join(FOLDER, 'index.html')).href;

test('on the mock it lists the servers of the examples, and registers one', async ({ skip }) => {
  requireChromium(skip);
  const { items, alert, register } = await open(FILE, { api: mock.url });
  await expect.poll(items).not.toEqual([]);
  const before = await items();
  await register('New', 'https://new.example.com/mcp');
  await expect.poll(items).toEqual(before);
  expect(await alert()).toBe('');
});

test.for([
  ['code=429', /^429: .*\(try again in \d+ s\)$/],
  ['code=503', /^503: /],
  ['code=401', /^401: /],
] as const)('on the mock it shows the error of ?prefer=%s', async ([prefer, message], { skip }) => {
  requireChromium(skip);
  const { items, alert } = await open(FILE, { api: mock.url, prefer });
  await expect.poll(alert).toMatch(message);
  expect(await items()).toEqual([]);
});

test('on the sandbox, from a page of localhost, it remembers the servers that it registers', async ({ skip }) => {
  requireChromium(skip);
  const sandbox = await startSandbox({ GATEHOUSE_PORT: '0' });
  const files = await serveFolder();
  const { port } = files.address() as AddressInfo;
  const { GATEHOUSE_API_KEY: key, GATEHOUSE_API_SECRET: secret } = SANDBOX_CREDENTIALS;
  const { items, alert, register } = await open(`http://localhost:${port}/`, { api: sandbox.url, key, secret });
  await expect.poll(items).toContain('Updated Server Name (https://new-server-url.example.com)');
  await register('New', 'https://new.example.com/mcp');
  await expect.poll(items).toContain('New (https://new.example.com/mcp)');
  await register('Broken', 'ftp://new.example.com/mcp');
  await expect.poll(alert).toMatch(/^400: .*body\.url/);
  files.close();
  files.closeAllConnections();
  await sandbox.stop();
});

/** What a static file server does. */
function serveFolder(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer(async ({ url = '' }, response) => {
      const name = url.startsWith('/app.js') ? 'app.js' : 'index.html';
      const type = name === 'app.js' ? 'text/javascript' : 'text/html';
      response.setHeader('Content-Type', type).end(await readFile(join(FOLDER, name)));
    });
    server.listen(0, () => resolve(server));
  });
}
