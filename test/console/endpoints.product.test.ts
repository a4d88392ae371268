import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAccount } from '../support/accounts.ts';
import { requireChromium } from '../support/chromium.ts';
import { call } from '../support/client.ts';
import { connectOld } from '../support/mcp-clients.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { tabTo } from './keys.ts';
import { ConsoleBrowser } from './support.ts';

const HOSTILE = '<script>alert(1)</script>\u202e "gnirts"';
const reads = { annotations: { readOnlyHint: true, destructiveHint: false } };

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let upstream: ToolServer;
let browser: ConsoleBrowser;
let server: string;
let crm: string;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream = await startToolServer([
    tool('list_mails', { description: 'Lists the mails of a folder.', ...reads }),
    tool('get_mail', { description: `${HOSTILE} ${'long '.repeat(20_000)}`, ...reads }),
    tool('delete_mail'),
  ]);
  const minted = await mintOver(gateway, upstream.url, { name: 'Mail' });
  server = minted.serverId.slice('mcp_'.length);
  const client = await connectOld({ url: minted.url, headers: {} });
  await client.list();
  await client.close();
  crm = (await createAccount(gateway)).accountId;
  browser = await ConsoleBrowser.start(gateway.url);
  return async () => {
    await browser[Symbol.asyncDispose]();
    await upstream.stop();
    await gateway.stop();
  };
});

const open = (path: string, size = {}): Promise<Page> => browser.openAs({ token: true }, path, size);
const addTag = async (page: Page, tag: string) => {
  const field = page.getByRole('combobox', { name: 'Tags' });
  await field.fill(tag);
  await field.press('Enter');
};
const close = (page: Page): Promise<void> => page.context().close();

test('the keys alone mint an endpoint, and a client uses it', async () => {
  const page = await open('/endpoints');
  await tabTo(page, 'link', 'Mail');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Endpoints of Mail' }).waitFor();
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
  await tabTo(page, 'link', 'Mint an endpoint');
  await page.keyboard.press('Enter');
  await page.getByText('All 3 tools pass.').waitFor();
  await tabTo(page, 'textbox', 'Name');
  await page.keyboard.type('For reading');
  await tabTo(page, 'radio', 'All tools');
  await page.keyboard.press('ArrowDown');
  await page.getByText('2 of 3 tools pass.').waitFor();
  await tabTo(page, 'button', 'Mint');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'For reading is minted' }).waitFor();
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
  const url = (await page.getByRole('group', { name: 'URL' }).locator('pre').textContent()) ?? '';
  const client = await connectOld({ url, headers: {} });
  expect(await client.list()).toEqual(['list_mails', 'get_mail']);
  await client.close();
  await tabTo(page, 'button', 'Copy: URL');
  await page.keyboard.press('Enter');
  await page.getByText(/^(?:Copied|Selected)\./).waitFor();
  await tabTo(page, 'tab', 'Claude Code');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.getByText('.cursor/mcp.json').waitFor();
  expect(await page.getByRole('tabpanel').locator('pre').textContent()).toContain(`"url": "${url}"`);
  await browser.look(page, 'endpoint-minted');
  await tabTo(page, 'link', 'I have copied it', true);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'For reading' }).waitFor();
  expect(await page.content()).not.toContain(url);
  await close(page);
});

describe.each([
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
])('at $width pixels', (size) => {
  test('an endpoint gets another scope and an end, and is revoked', async () => {
    const { body } = await call(gateway.url, 'createEndpoint', {
      path: { integrated_account_id: crm },
      body: { name: `At ${size.width}`, config: { methods: ['GET', 'read'] } },
    });
    const page = await open(`/endpoints?account=${crm}`, size);
    await page.getByRole('link', { name: `At ${size.width}` }).click();
    await page.getByText('3 of 8 tools pass.').waitFor();
    await page.getByRole('radio', { name: 'All tools' }).check();
    await addTag(page, 'webhook');
    await addTag(page, 'custom');
    await page.getByText('2 of 8 tools pass.').waitFor();
    await page.getByLabel('Expires').selectOption('In 7 days');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    const path = { integrated_account_id: crm, id: body.id as string };
    const { config, expires_at: end } = (await call(gateway.url, 'getEndpoint', { path })).body;
    expect(config).toEqual({ tags: ['webhook', 'custom'] });
    expect(new Date(end as string).getTime()).toBeGreaterThan(Date.now());
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('There is no endpoint yet.').waitFor();
    expect((await call(gateway.url, 'getEndpoint', { path })).status).toBe(404);
    await close(page);
  });
});

test('mistakes stand at their fields, and errors of the server are told', async () => {
  const page = await open(`/endpoints/mint/${crm}`);
  await page.getByRole('button', { name: 'Mint' }).click();
  await page.getByText('Write a name').waitFor();
  await page.getByLabel('Name').fill('Nothing');
  await addTag(page, 'no such tag');
  await page.getByText('0 of 8 tools pass.').waitFor();
  await page.getByRole('button', { name: 'Mint' }).click();
  await page.getByRole('alert').waitFor();
  await browser.look(page, 'endpoint-refused');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Mint' }).click();
  await page.getByText('The server cannot be reached.').waitFor();
  await close(page);
});

test('the pages have no fault, with hostile names too', async () => {
  for (const name of [HOSTILE, 'x'.repeat(200)]) {
    await call(gateway.url, 'createEndpoint', {
      path: { integrated_account_id: server },
      body: {
        name,
        config: { methods: ['read', HOSTILE], tool_exposure: 'discovery' },
        expires_at: '2099-12-31T23:59:59Z',
      },
    });
  }
  const page = await open('/endpoints');
  await page.getByRole('link', { name: 'crm' }).waitFor();
  await browser.look(page, 'endpoints-accounts');
  await page.getByRole('link', { name: 'Mail' }).click();
  await page.getByText('<script>alert(1)</script>\\u202e').first().waitFor();
  await browser.look(page, 'endpoints');
  await page.getByRole('link', { name: HOSTILE.slice(0, 8) }).click();
  await page.getByText('2 of 3 tools pass.').waitFor();
  await page.getByText('Description and arguments').first().click();
  await browser.look(page, 'endpoint');
  await close(page);
});
