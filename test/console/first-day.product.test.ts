import { beforeAll, beforeEach, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { connectOld } from '../support/mcp-clients.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { ConsoleBrowser } from './support.ts';

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let upstream: ToolServer;
let browser: ConsoleBrowser;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_APPROVAL_HOLD: '60', GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream = await startToolServer([tool('send_mail', { description: 'Sends a mail.' })]);
  browser = await ConsoleBrowser.start(gateway.url);
  return async () => {
    await browser[Symbol.asyncDispose]();
    await upstream.stop();
    await gateway.stop();
  };
});

test.each([
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
])('from the first sign-in to a call that is approved on a phone, at $width pixels', async (size) => {
  const page = await browser.openAs({ pair: true, token: true }, '/servers/new', size);
  await page.getByLabel('URL').fill(upstream.url);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(`Mail ${size.width}`);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('send_mail').first().waitFor();
  await page.getByRole('link', { name: 'Mint an endpoint' }).click();
  await page.getByRole('heading', { name: `Endpoints of Mail ${size.width}` }).waitFor();
  await page.getByRole('link', { name: 'Mint an endpoint' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('For the agent');
  await page.getByRole('button', { name: 'Mint', exact: true }).click();
  await page.getByRole('heading', { name: 'For the agent is minted' }).waitFor();
  const url = (await page.getByRole('group', { name: 'URL' }).locator('pre').textContent()) ?? '';

  const client = await connectOld({ url, headers: {} });
  const called = client.call('send_mail', { args: { to: `ada@${size.width}.example.com` } });
  const phone = await browser.openAs({ name: 'Grace Hopper', pair: true }, '/approvals', { width: 360, height: 740 });
  await phone.getByRole('link', { name: 'send_mail' }).click();
  await phone.getByText(`"to": "ada@${size.width}.example.com"`).waitFor();
  await phone.getByRole('button', { name: 'Approve' }).click();
  expect(await called).toBe('Done.');
  await phone.getByText('by Grace Hopper').waitFor();
  await browser.look(phone, 'approval-used');
  await Promise.all([client.close(), page.context().close(), phone.context().close()]);
});
