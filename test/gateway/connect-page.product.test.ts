import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seriousFindings } from '../support/axe.ts';
import { CHROMIUM, FLAGS, requireChromium } from '../support/chromium.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
let browser: Browser | undefined;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake');
  minted = await mintOver(gateway, server.url);
  browser = CHROMIUM === undefined ? undefined : await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
afterAll(async () => {
  await browser?.close();
  await gateway.stop();
  await server.stop();
});

const complaints: string[] = [];
const open = async (width = 1440, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> => {
  const context = await browser?.newContext({
    viewport: { width, height: 900 },
    colorScheme,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = (await context?.newPage()) as Page;
  // A script or a style that the policy refuses is an error there.
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  const answer = await page.goto(minted.url);
  expect(answer?.status()).toBe(200);
  return page;
};

describe.each([390, 768, 1440])('at %d pixels', (width) => {
  test.each(['light', 'dark'] as const)('axe finds nothing serious, and nothing is too wide: %s', async (theme) => {
    const page = await open(width, theme);
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.evaluate('document.scrollingElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await page.close();
  });
});

test('the button copies the URL', async () => {
  const page = await open();
  await page.getByRole('button', { name: 'Copy the URL' }).click();
  await page.getByText('Copied.').waitFor();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(minted.url);
  await page.close();
});

test.each([
  [
    'Add to Cursor',
    (link: string) => {
      const { protocol, searchParams } = new URL(link);
      return { protocol, config: JSON.parse(atob(searchParams.get('config') ?? '')), name: searchParams.get('name') };
    },
    { protocol: 'cursor:', name: 'minted' },
  ],
  [
    'Add to VS Code',
    (link: string) => ({
      protocol: new URL(link).protocol,
      config: JSON.parse(decodeURIComponent(link.split('?')[1] ?? '')),
    }),
    { protocol: 'vscode:' },
  ],
] as const)('%s: a click makes the link, and nothing in the page is one', async (label, read, expected) => {
  const page = await open();
  const asked: string[] = [];
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Page.enable');
  devTools.on('Page.frameRequestedNavigation', ({ url }) => asked.push(url));
  expect(await page.locator('a').count()).toBe(0);
  await page.getByRole('button', { name: label }).click();
  await expect.poll(() => asked.length).toBe(1);
  expect(read(asked[0] ?? '')).toMatchObject({ ...expected, config: { url: minted.url } });
  await page.close();
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
