import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { ConsoleBrowser } from './support.ts';

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let receiver: Server;
let browser: ConsoleBrowser;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  receiver = createServer((_, response) => response.writeHead(204).end());
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  browser = await ConsoleBrowser.start(gateway.url);
  return async () => {
    await browser[Symbol.asyncDispose]();
    receiver.close();
    await gateway.stop();
  };
});

test('a webhook is added, tested, changed and deleted, and its secrets are shown once', async () => {
  const page = await browser.openAs({ pair: true }, '/webhooks');
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const inDialog = (name: string) => page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  await page.getByText('There is no webhook yet.').waitFor();
  await press('Add a webhook');
  await page.getByLabel('URL').fill('nonsense');
  await inDialog('Save');
  await page.getByText('Write a whole URL').waitFor();
  await page.getByLabel('URL').fill(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/secret-path`);
  await browser.look(page, 'webhook-add');
  await inDialog('Save');
  const first = await page.locator('pre.copyable').textContent();
  expect(first).toMatch(/^whsec_/);
  await browser.look(page, 'webhook-secret');
  await press('I have kept it');
  expect(await page.content()).not.toContain(first);
  expect(await page.evaluate('document.activeElement === document.body')).toBe(false);
  await press('Send a test event');
  await page.getByText('HTTP 204').waitFor();
  await press('Edit');
  await page.getByLabel('Nobody has decided in time').check();
  await inDialog('Save');
  await page.getByText('approval.requested, approval.expired').waitFor();
  await browser.look(page, 'webhooks');
  await press('Rotate the secret');
  await inDialog('Rotate the secret');
  expect(await page.locator('pre.copyable').textContent()).not.toBe(first);
  await press('I have kept it');
  await press('Delete');
  await inDialog('Delete');
  await page.getByText('There is no webhook yet.').waitFor();
  await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1');
  await page.context().close();
});
