import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DocsOperation } from '../../src/docs/document.ts';
import { samplesOf } from '../../src/docs/samples.ts';
import { lowContrasts } from '../support/axe.ts';
import { CHROMIUM, FLAGS, requireChromium } from '../support/chromium.ts';
import { buildDocs, newFolder, operations, removeFolder } from './support.ts';

const SERVER = 'https://gatehouse.example.com';

beforeEach(({ skip }) => requireChromium(skip));

/** What the tests use of an element of the page; the types of browsers are not those of this project. */
type Scrollable = { scrollIntoView: (options: { block: 'center' }) => void };

const LABELS = ['curl', 'JavaScript', 'Python', 'Typed client'];

let browser: Browser | undefined;
let own: string;
beforeAll(async () => {
  if (CHROMIUM === undefined) {
    return undefined;
  }
  const folder = await newFolder();
  expect(await buildDocs('--out', folder)).toMatchObject({ code: 0 });
  own = pathToFileURL(join(folder, 'index.html')).href;
  // A new profile each time, below the folder for temporary files.
  const launched = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  browser = launched;
  return async () => {
    await launched.close();
    await removeFolder(folder);
  };
});

// Every language can be chosen at both widths; through all operations goes one on each, the longest lines on the narrow one.
describe.each([
  { width: 1440, labels: LABELS.slice(0, 1) },
  { width: 390, labels: LABELS.slice(-1) },
])('at $width pixels', ({ width, labels }) => {
  let page: Page;
  const foreign: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    if (browser === undefined) {
      return;
    }
    page = await (await browser.newContext({ viewport: { width, height: 900 } })).newPage();
    page.on('request', (request) => {
      if (request.url().split('#')[0] !== own && !/^(?:data|blob):/.test(request.url())) {
        foreign.push(request.url());
      }
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(own);
    await page.getByRole('heading', { name: 'Gatehouse' }).waitFor();
  });

  /** The samples of an operation, scrolled to, when everything of it is there. */
  async function samplesIn({ tags, id }: DocsOperation): Promise<Locator> {
    const place = `${tags[0]?.toLowerCase().replaceAll(' ', '-')}/${id.toLowerCase()}`;
    await page.evaluate(`location.hash = '#/${place}'`);
    const panel = page.locator(`[id="${place}"] .panel-request-samples`);
    await panel.locator('pre').waitFor();
    // At the lower edge of the page its menus would open below it.
    await panel.evaluate((node) => (node as unknown as Scrollable).scrollIntoView({ block: 'center' }));
    return panel;
  }

  /** Shows the samples in one language, here and in every operation that is visited next. */
  async function choose(panel: Locator, label: string): Promise<void> {
    const menu = panel.locator('[data-testid="dropdown"]').nth(1).getByRole('button');
    if ((await menu.innerText()).trim() !== label) {
      await menu.click();
      await page.locator('[role="menuitem"]:visible').filter({ hasText: label }).click();
      await expect.poll(async () => (await menu.innerText()).trim()).toBe(label);
    }
  }

  const overflow = (): Promise<number> => page.evaluate('document.scrollingElement.scrollWidth - innerWidth');

  test('the first screen fits', async () => {
    expect(await overflow()).toBeLessThanOrEqual(0);
  });

  test.each(labels)('every operation shows its %s sample, and none overflows', async (label) => {
    for (const operation of operations) {
      const panel = await samplesIn(operation);
      await choose(panel, label);
      const sample = samplesOf(operation, SERVER).find((candidate) => candidate.label === label);
      const shown = panel.locator('pre');
      await expect.poll(() => shown.innerText(), { message: operation.id }).toBe(sample?.source);
      expect(await overflow(), operation.id).toBeLessThanOrEqual(0);
    }
  });

  test('every sample can be chosen, that of each example of the body too', async () => {
    const operation = operations.find(({ id }) => id === 'createApiToken') as DocsOperation;
    const panel = await samplesIn(operation);
    await panel.locator('[data-testid="dropdown"]').nth(1).getByRole('button').click();
    const choices = page.locator('[role="menuitem"]:visible');
    const wanted = [...LABELS, 'Go (generated)', 'curl: expires', 'curl: decides', 'Payload'];
    await expect.poll(() => choices.allInnerTexts()).toEqual(expect.arrayContaining(wanted));
    await choices.filter({ hasText: 'curl: expires' }).click();
    const sample = samplesOf(operation, SERVER).find(({ label }) => label === 'curl: expires');
    await expect.poll(() => panel.locator('pre').innerText()).toBe(sample?.source);
  });

  test('the title names the operation that is read, and the documentation elsewhere', async () => {
    await samplesIn(operations.find(({ id }) => id === 'createMcpServer') as DocsOperation);
    await expect.poll(() => page.title()).toBe('Register a server · Gatehouse');
    await page.evaluate("location.hash = '#/'");
    await expect.poll(() => page.title()).toBe('Gatehouse');
  });

  test('the first stop of the keyboard opens the search', async () => {
    await page.reload();
    await page.locator('[data-testid="search-trigger"]').first().waitFor({ state: 'attached' });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByPlaceholder('Search docs...').waitFor();
    await page.keyboard.press('Escape');
  });

  test('nothing was asked of any other place, and nothing went wrong', () => {
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

test.each(['light', 'dark'] as const)('texts of the reference have enough contrast: %s', async (colorScheme) => {
  const context = await browser?.newContext({ viewport: { width: 1440, height: 900 }, colorScheme });
  const page = (await context?.newPage()) as Page;
  await page.goto(`${own}#/servers/updatemcpserver`);
  await page.locator('[id="servers/updatemcpserver"] .panel-request-samples pre').waitFor();
  expect(await lowContrasts(page)).toEqual([]);
  await page.close();
});
