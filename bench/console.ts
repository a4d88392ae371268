import { existsSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium, type Page } from 'playwright-core';
import { withClosers } from './closers.ts';
import { ADMIN_TOKEN, API_KEY, API_SECRET, API_TOKEN } from './credentials.ts';
import { runGatehouse } from './gateway/sides.ts';
import { median } from './median.ts';
import { print } from './print.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const REPEATS = 7;
/** Bars for the scripts before the first page, compressed, and for the time until that page can be used. */
const MAX_SCRIPT_BYTES = 250_000;
const MAX_USABLE_MS = 1500;

/** The console in Chromium: the scripts of its first page, when that can be used, and the longest task of each page. */
export async function benchConsole(): Promise<void> {
  await withClosers(async (defer) => {
    const { url } = await runGatehouse(defer);
    const executablePath = CHROMIUM.find(existsSync);
    if (executablePath === undefined) {
      throw new Error('There is no Chromium on this machine. Install it: apt-get install chromium.');
    }
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    defer(() => browser.close());
    const bytes = await scriptBytes(browser, url);
    const times: number[] = [];
    while (times.length < REPEATS) {
      times.push(await firstPageMs(browser, url));
    }
    const usable = median(times);
    const bar = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
    print(
      `scripts of the console before its first page: ${bytes} bytes in gzip (bar ≤ ${MAX_SCRIPT_BYTES}) ${bar(bytes <= MAX_SCRIPT_BYTES)}`,
    );
    print(
      `the first page can be used after ${usable.toFixed(0)} ms (median of ${REPEATS}, bar ≤ ${MAX_USABLE_MS} ms) ${bar(usable <= MAX_USABLE_MS)}`,
    );
    const page = await signIn(browser, url);
    for (const name of await page.getByRole('navigation').getByRole('link').allInnerTexts()) {
      if (name !== 'Documentation') {
        print(`  ${name}: longest task ${(await longestTaskMs(page, name)).toFixed(0)} ms`);
      }
    }
  });
}

/** The bytes of the scripts that come before the page where people sign in, each in gzip. */
async function scriptBytes(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const scripts: Promise<number>[] = [];
  page.on('response', (response) => {
    if (response.request().resourceType() === 'script') {
      scripts.push(response.body().then((body) => gzipSync(body).length));
    }
  });
  await page.goto(`${url}/console`);
  await page.getByLabel('Your name').fill('Ada');
  const sizes = await Promise.all(scripts);
  await context.close();
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Milliseconds until the page where people sign in can be used, in a window that has nothing of it. */
async function firstPageMs(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const start = performance.now();
  await page.goto(`${url}/console`, { waitUntil: 'commit' });
  await page.getByLabel('Your name').fill('Ada');
  const elapsed = performance.now() - start;
  await context.close();
  return elapsed;
}

async function signIn(browser: Browser, url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(`window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: 'longtask', buffered: true });`);
  await page.goto(`${url}/console`);
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('Key', { exact: true }).fill(API_KEY);
  await page.getByLabel('Secret', { exact: true }).fill(API_SECRET);
  await page.getByLabel('Token', { exact: true }).fill(API_TOKEN);
  await page.getByLabel('Operator token', { exact: true }).fill(ADMIN_TOKEN);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('navigation').waitFor();
  return page;
}

/** Milliseconds of the longest task while a page opens from the menu; those under 50 ms count as none. */
async function longestTaskMs(page: Page, name: string): Promise<number> {
  await page.evaluate('window.tasks.length = 0');
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  await page.waitForLoadState('networkidle').catch(() => undefined);
  await page.waitForTimeout(500);
  return page.evaluate<number>('Math.max(0, ...window.tasks)');
}
