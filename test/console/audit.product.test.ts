import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { call } from '../support/client.ts';
import { OPERATOR_TOKEN, startTestServer, type TestServer } from '../support/server.ts';
import { ConsoleBrowser } from './support.ts';

const HOSTILE = '=cmd|<script>alert(1)</script>\u202eevil';

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let browser: ConsoleBrowser;
let page: Page;
beforeAll(async () => {
  gateway = await startTestServer();
  for (let at = 0; at < 101; at += 1) {
    await call(gateway.url, 'createOrganization', { body: { name: `Organization ${at}` } });
  }
  // A person may have any name.
  await call(gateway.url, 'createSession', { as: 'nobody', body: { name: HOSTILE, operator_token: OPERATOR_TOKEN } });
  browser = await ConsoleBrowser.start(gateway.url);
  page = await browser.openAs({ operator: true }, '/audit');
  return async () => {
    await browser[Symbol.asyncDispose]();
    await gateway.stop();
  };
});

const rows = () => page.locator('details.ruled');
const exportAs = async (label: string): Promise<string> => {
  await page.getByRole('button', { name: 'Export' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(label).check();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Make the file' }).click(),
  ]);
  await dialog.getByText('events are in the file.').waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  return readFile(await download.path(), 'utf8');
};

test('the log goes on page after page, and shows an event whole', async () => {
  await page.getByText('100 shown, and there are more.').waitFor();
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.getByText(/^All 1\d\d shown\.$/).waitFor();
  await rows().filter({ hasText: '\\u202eevil' }).locator('summary').click();
  await page.getByText('none: an event of the operator').waitFor();
});

test('filters stand in the address', async () => {
  await page.getByLabel('Action').fill('created');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByText('An action is two words').waitFor();
  await page.getByLabel('Action').fill('session.created');
  await page.keyboard.press('Enter');
  await expect.poll(() => rows().count()).toBe(2);
  expect(new URL(page.url()).searchParams.get('action')).toBe('session.created');
  await rows().filter({ hasText: '\\u202eevil' }).locator('summary').click();
  await browser.look(page, 'audit');
});

test('an export holds the events that pass the filters, without formulas', async () => {
  const csv = await exportAs('CSV');
  expect(csv.trimEnd().split('\r\n')).toHaveLength(3);
  expect(csv).toContain(`"'${HOSTILE}"`);
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect.poll(() => rows().count()).toBeGreaterThan(2);
  const lines = (await exportAs('JSON lines')).trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(101);
  expect(lines.map((line) => JSON.parse(line).actor.name)).toContain(HOSTILE);
});

test('an export can be cancelled, and says what went wrong', async () => {
  await page.getByRole('button', { name: 'Export' }).click();
  const dialog = page.getByRole('dialog');
  await page.route('**/audit-events*', () => new Promise(() => {}));
  await dialog.getByRole('button', { name: 'Make the file' }).click();
  await dialog.getByText('0 events read').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.unroute('**/audit-events*');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Export' }).click();
  await dialog.getByRole('button', { name: 'Make the file' }).click();
  await dialog.getByText('The server cannot be reached.').waitFor();
  await browser.look(page, 'audit-export');
});
