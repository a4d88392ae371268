import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { connectOld, type McpClient } from '../support/mcp-clients.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { ConsoleBrowser } from './support.ts';

const POLICY = { approval_policy: 'require_approval_per_tool' };

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let upstream: ToolServer;
let browser: ConsoleBrowser;
let client: McpClient;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_APPROVAL_HOLD: '60', GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream = await startToolServer([tool('write', { description: 'Writes a cell.' }), tool('other')]);
  const { url } = await mintOver(gateway, upstream.url, { name: 'Sheets', ...POLICY });
  client = await connectOld({ url, headers: {} });
  browser = await ConsoleBrowser.start(gateway.url);
  return async () => {
    await client.close();
    await browser[Symbol.asyncDispose]();
    await upstream.stop();
    await gateway.stop();
  };
});

const inbox = (size = {}): Promise<Page> => browser.openAs({ pair: true }, '/approvals', size);

describe.each([
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
])('at $width pixels', (size) => {
  test('a call that comes shows by itself, and goes on when it is approved', async () => {
    const page = await inbox(size);
    await page.getByText('No call waits for a decision.').waitFor();
    const call = client.call('write', { args: { cell: 'A1', from: '\u202eevil' } });
    await page.getByRole('link', { name: 'write' }).click();
    await page.getByText('"from": "\\u202eevil"').waitFor();
    await page.getByLabel('Reason').fill('Checked.');
    await page.getByRole('button', { name: 'Approve' }).click();
    expect(await call).toBe('Done.');
    await page.getByText('Checked.').waitFor();
    await page.getByText('succeeded').waitFor();
  });

  test('a denied call ends with the reason', async () => {
    const page = await inbox(size);
    // The same call would be told of the same denial without a new request.
    const call = client.call('write', { args: { size } });
    await page.getByRole('link', { name: 'write' }).click();
    await page.getByText(`"width": ${size.width}`).waitFor();
    await page.getByLabel('Reason').fill('Not today.');
    await page.getByRole('button', { name: 'Deny' }).click();
    expect(await call).toContain('Not today.');
  });
});

test('the keys alone open a request and decide, and the focus is never lost', async () => {
  const page = await inbox();
  const call = client.call('other');
  await page.getByRole('link', { name: 'other' }).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'other of Sheets' }).waitFor();
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
  await page.keyboard.press('a');
  await page.keyboard.press('Enter');
  expect(await call).toBe('Done.');
});
