import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { ConsoleBrowser } from './support.ts';

const HOSTILE = `<img src=x onerror=alert(1)>\u202e${'x'.repeat(90)}`;

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let browser: ConsoleBrowser;
let page: Page;
beforeAll(async () => {
  gateway = await startTestServer();
  await call(gateway.url, 'createOrganization', { body: { name: HOSTILE } });
  browser = await ConsoleBrowser.start(gateway.url);
  page = await browser.openAs({ operator: true }, '/try');
  return async () => {
    await browser[Symbol.asyncDispose]();
    await gateway.stop();
  };
});

const answer = () => page.getByRole('region', { name: 'Answer' });
const open = async (words: string, name: string) => {
  await page.getByLabel('Find by name, path or words').fill(words);
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { name, exact: true }).waitFor();
};

test('an operation is found by its words, and answers with what the server says', async () => {
  await page.getByLabel('Find by name, path or words').fill('tool approv');
  await page.getByText('Wants a key pair with the permissions servers and approvals.').first().waitFor();
  await browser.look(page, 'try');
  await open('organizations list', 'List organizations');
  await page.getByRole('button', { name: 'Send' }).click();
  await answer().getByText('200 OK').waitFor();
  await answer().getByText('\\u202e').waitFor();
  await answer().getByText('headers').click();
  await answer().getByText('application/json').waitFor();
  await browser.look(page, 'try-answer');
});

test('a change is asked about first; its body begins with an example', async () => {
  await page.getByRole('link', { name: 'All operations' }).click();
  await open('createOrganization', 'Create an organization');
  await page.getByLabel('JSON').fill('{"name": "Harbour"}');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('dialog').getByText('/admin/api/v1/organizations').waitFor();
  expect(await answer().count()).toBe(0);
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await answer().getByText('201 Created').waitFor();
  await answer().getByText('"name": "Harbour"').waitFor();
  await page.getByLabel('JSON').fill('{"nam');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await answer()
    .getByText(/^4\d\d /)
    .waitFor();
});

test('an operation that the permissions do not cover says which credentials it wants', async () => {
  await page.getByRole('link', { name: 'All operations' }).click();
  await open('addToolApproval', 'Approve a tool');
  await page.getByText('It wants a key pair with the permissions servers and approvals.').waitFor();
  expect(await page.getByRole('button', { name: 'Send' }).count()).toBe(0);
});
