import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { ConsoleBrowser } from './support.ts';

const READ = tool('file_read', { description: 'Read a file', annotations: { readOnlyHint: true } });
const HOSTILE = '<script>alert(1)</script> \u202egnp.exe';

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let upstream: ToolServer;
let browser: ConsoleBrowser;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream = await startToolServer([READ, tool('file_write', { description: 'Write a file' })]);
  browser = await ConsoleBrowser.start(gateway.url);
  return async () => {
    await browser[Symbol.asyncDispose]();
    await upstream.stop();
    await gateway.stop();
  };
});

const register = async (fields: object): Promise<string> =>
  (await call(gateway.url, 'createMcpServer', { body: { url: upstream.url, ...fields } })).body.data.id;
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const focused = (page: Page) => page.evaluate('document.activeElement.tagName');

describe.each([
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
])('at $width pixels', (size) => {
  test('a server is added, its tool is approved, and it is deleted', async () => {
    const page = await browser.openAs({ pair: true }, '/servers', size);
    await page.getByRole('link', { name: 'Add a server' }).click();
    await page.getByLabel('URL').fill(upstream.url);
    await button(page, 'Check the server').click();
    await page.getByText('The server answers, with 2 tools').waitFor();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill(`Files ${size.width}`);
    await page.getByLabel('Approved tools run', { exact: true }).check();
    await button(page, 'Save').click();
    await page.getByText('calls of 0 run, of 2 wait').waitFor();
    await button(page, 'Review').first().click();
    await button(page, 'Let its calls run').click();
    await page.getByText('calls of 1 run, of 1 wait').waitFor();
    expect(await focused(page)).toBe('BUTTON');
    await button(page, 'Delete').click();
    await page.getByText('This cannot be undone.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Servers', exact: true }).waitFor();
    expect(await focused(page)).toBe('H1');
    expect(await page.getByText(`Files ${size.width}`).count()).toBe(0);
    await page.context().close();
  });
});

test('a changed tool shows its differences, and other settings are saved alone', async () => {
  const other = await startToolServer([READ]);
  const id = await register({ name: 'Changing', url: other.url, request_headers: { Authorization: 'Bearer x' } });
  const path = { mcpServerId: id };
  const [{ definition_hash }] = (await call(gateway.url, 'listMcpServerTools', { path })).body.data;
  const body = { tool_name: 'file_read', approval_hash: definition_hash, auto_approve: true };
  await call(gateway.url, 'addToolApproval', { path, body });
  other.tools = [{ ...READ, description: `Read a file ${HOSTILE}` }];
  gateway.clock.now += 1;
  const page = await browser.openAs({ pair: true, token: true }, `/servers/${id}`);
  await page.getByText('1 have changed').waitFor();
  await browser.look(page, 'server');
  await button(page, 'Review').click();
  await page.getByText('- "Read a file"').waitFor();
  await browser.look(page, 'server-tool');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByLabel('Description').fill('Everything');
  await browser.look(page, 'server-edit');
  await button(page, 'Save').click();
  await page.getByText('Everything').waitFor();
  const { data } = (await call(gateway.url, 'getMcpServer', { path })).body;
  expect(data).toMatchObject({ description: 'Everything', request_headers: { Authorization: 'Bearer x' } });
  await page.context().close();
  await other.stop();
});

test('servers are found, hostile names are text, and a server that is down says why', async () => {
  await register({ name: HOSTILE, url: 'http://127.0.0.1:1/mcp', description: `${'x'.repeat(1000)}` });
  const page = await browser.openAs({ pair: true }, '/servers');
  await page.getByRole('link', { name: 'script' }).click();
  await page.getByText('That did not work').waitFor();
  await browser.look(page, 'server-down');
  await page.goBack();
  await page.getByText('unreachable').first().waitFor();
  await browser.look(page, 'servers');
  await page.getByLabel('Search').fill('nothing like this');
  await page.getByText('No server matches.').waitFor();
  await page.context().close();
});

test('mistakes are told at their fields, and a network that is gone is told', async () => {
  const page = await browser.openAs({ pair: true }, '/servers/new');
  await page.getByLabel('URL').fill('http://127.0.0.1:1/mcp');
  await button(page, 'Check the server').click();
  await page.getByText('The server cannot be used now').waitFor();
  await page.getByLabel('URL').fill('ftp://files.example.com');
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Wrong');
  await button(page, 'Save').click();
  await page.getByText('must be an absolute http').first().waitFor();
  await browser.look(page, 'server-add-mistake');
  await page.context().setOffline(true);
  await button(page, 'Save').click();
  await page.getByText('The server cannot be reached.').waitFor();
  await page.context().close();
});

test('a person without the permission is refused in the words of the API', async () => {
  const { body } = await call(gateway.url, 'createApiKey', {
    path: { org_id: gateway.organizationId },
    body: { name: 'agent', permissions: ['servers'] },
  });
  const page = await browser.openAs({ pair: body }, `/servers/${await register({ name: 'Guarded' })}`);
  await page.getByLabel('All calls run').check();
  await button(page, 'Save the policy').click();
  await page.getByRole('alert').getByText('approvals').waitFor();
  expect(await button(page, 'Keep the old one').isVisible()).toBe(true);
  await button(page, 'Review').first().click();
  await page.getByText('To approve tools, you need the permission').waitFor();
  await page.context().close();
});
