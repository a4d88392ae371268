import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GUIDES } from '../../src/docs/guides.ts';
import { seriousFindings } from '../support/axe.ts';
import { CHROMIUM, FLAGS, requireChromium } from '../support/chromium.ts';
import { buildDocs, newFolder, operations, removeFolder } from './support.ts';

beforeEach(({ skip }) => requireChromium(skip));

let browser: Browser | undefined;
let folder: string;
beforeAll(async () => {
  if (CHROMIUM === undefined) {
    return undefined;
  }
  folder = await newFolder();
  expect(await buildDocs('--out', folder)).toMatchObject({ code: 0 });
  const launched = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  browser = launched;
  return async () => {
    await launched.close();
    await removeFolder(folder);
  };
});

const NAMES = [...GUIDES, ...operations.map(({ id }) => ({ name: id }))].map(({ name }) => name);
/** Pages that differ in what they consist of: tables, code, lists, long samples. */
const LOOKED_AT = ['getting-started', 'changelog', 'getHealth', 'errors', 'updateSharedServer'];

const open = async (width: number, colorScheme: 'light' | 'dark'): Promise<Page> => {
  const context = await browser?.newContext({ viewport: { width, height: 900 }, colorScheme });
  return (await context?.newPage()) as Page;
};
const urlOf = (name: string): string => pathToFileURL(join(folder, 'docs', `${name}.html`)).href;

test.each([
  { width: 390, names: NAMES },
  { width: 768, names: LOOKED_AT },
  { width: 1440, names: LOOKED_AT },
])('no page is wider than the window at $width pixels', async ({ width, names }) => {
  const page = await open(width, 'light');
  for (const name of names) {
    await page.goto(urlOf(name));
    expect(await page.evaluate('document.scrollingElement.scrollWidth - innerWidth'), name).toBeLessThanOrEqual(0);
  }
  await page.close();
});

describe.each([
  { width: 390, theme: 'light', names: LOOKED_AT },
  { width: 1440, theme: 'dark', names: LOOKED_AT.slice(-2) },
] as const)('at $width pixels, $theme', ({ width, theme, names }) => {
  let page: Page;
  const foreign: string[] = [];
  const complaints: string[] = [];
  beforeAll(async () => {
    if (browser === undefined) {
      return;
    }
    page = await open(width, theme);
    page.on('request', (request) => !/^(?:file|data):/.test(request.url()) && foreign.push(request.url()));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  });

  test.each(names)('axe finds nothing serious in %s', async (name) => {
    await page.goto(urlOf(name));
    expect(await seriousFindings(page)).toEqual([]);
  });

  test('nothing was asked of any other place, and nothing went wrong', () => {
    expect([foreign, complaints]).toEqual([[], []]);
  });
});

test('a link to an error scrolls to its entry', async () => {
  const page = await open(390, 'light');
  await page.goto(`${urlOf('errors')}#precondition_failed`);
  const heading = page.locator('h2#precondition_failed');
  await expect.poll(async () => (await heading.boundingBox())?.y ?? 900).toBeLessThan(200);
  await page.close();
});

test('the first press of Tab reaches the link to the content', async () => {
  const page = await open(1440, 'light');
  await page.goto(urlOf('limits'));
  await page.keyboard.press('Tab');
  expect(await page.locator(':focus').getAttribute('href')).toBe('#content');
  await page.close();
});

test('on paper there is the content alone, on all the pages that it needs', async () => {
  const page = await open(1440, 'dark');
  await page.goto(urlOf('updateSharedServer'));
  await page.emulateMedia({ media: 'print' });
  expect(await page.locator('nav').isVisible()).toBe(false);
  expect(await page.locator('main pre').last().isVisible()).toBe(true);
  const overflowing =
    "[...document.querySelectorAll('main pre')].filter((pre) => pre.scrollWidth > pre.clientWidth).length";
  expect(await page.evaluate(overflowing)).toBe(0);
  await page.close();
});

test('the browser finds in the page what an operation says', async () => {
  const page = await open(1440, 'light');
  await page.goto(urlOf('addToolApproval'));
  const text = await page.evaluate('document.body.innerText');
  for (const word of ['approval_hash', 'X-API-KEY', 'If-Match', 'curl']) {
    expect(text).toContain(word);
  }
  await page.close();
});
