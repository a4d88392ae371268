import { beforeAll, beforeEach, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { ConsoleBrowser } from './support.ts';

const HOSTILE = '<img src=x onerror=alert(1)> \u202egnp';

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let upstream: ToolServer;
let browser: ConsoleBrowser;
beforeAll(async () => {
  gateway = await startTestServer();
  upstream = await startToolServer([tool('find_pages'), tool('read_page')]);
  browser = await ConsoleBrowser.start(gateway.url);
  return async () => {
    await browser[Symbol.asyncDispose]();
    await upstream.stop();
    await gateway.stop();
  };
});

test('a shared server is added, checked, granted, changed and deleted', async () => {
  const page = await browser.openAs({ operator: true }, '/shared-servers/new', { width: 360, height: 740 });
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Wiki');
  await page.getByRole('textbox', { name: 'Key', exact: true }).fill('wiki');
  await page.getByLabel('URL').fill('nonsense');
  await press('Save');
  await page.getByText('That did not work').waitFor();
  await browser.look(page, 'shared-server-mistake');
  await page.getByLabel('URL').fill(upstream.url);
  await press('Save');
  await page.getByText('Saved, and in use').waitFor();
  await press('Check the tools');
  await page.getByText('find_pages').waitFor();
  await page.getByLabel('Every organization').check();
  await press('Save the grants');
  await page.getByText('The grants are saved.').waitFor();
  const [{ id }] = (await call(gateway.url, 'listSharedServers')).body;
  const path = { mcp_id: id };
  expect((await call(gateway.url, 'getSharedServerOrganizations', { path })).body).toEqual({ organizations: 'all' });
  await browser.look(page, 'shared-server');
  await page.getByRole('link', { name: 'Edit' }).click();
  // A working connection is never replaced by one that fails.
  await page.getByLabel('URL').fill('http://127.0.0.1:1/mcp');
  await press('Save');
  await page.getByText('nothing was saved').waitFor();
  await page.getByRole('link', { name: 'Cancel' }).click();
  await press('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('There is no shared server yet.').waitFor();
  await page.context().close();
});

test('an mcp.json is planned before anything is sent, and imported with the keys alone', async () => {
  const page = await browser.openAs({ operator: true }, '/shared-servers/import');
  const text = JSON.stringify({
    mcpServers: {
      works: { url: upstream.url },
      down: { url: 'http://127.0.0.1:1/mcp' },
      [HOSTILE]: { command: 'node', args: [`\${workspaceFolder}/x.js`] },
      wrong: { url: 7 },
    },
  });
  await page.getByLabel('Configuration file').fill('{"mcpServers": ');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('is not valid JSON').waitFor();
  await page.getByLabel('Configuration file').fill(text);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('2 of 4 entries change something. Nothing has been sent yet.').waitFor();
  expect((await call(gateway.url, 'listSharedServers')).body).toEqual([]);
  await browser.look(page, 'import-plan');
  await page.getByRole('button', { name: 'Import 2 servers' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('2 of 2 done.').waitFor();
  await page.getByText('Saved, and in use').first().waitFor();
  await browser.look(page, 'import-done');
  expect(await page.evaluate('document.activeElement === document.body')).toBe(false);
  await page.goto(`${gateway.url}/console/shared-servers`);
  await page.getByText('unreachable').waitFor();
  await browser.look(page, 'shared-servers');
  await page.context().close();
});
