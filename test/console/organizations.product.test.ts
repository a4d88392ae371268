import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { ConsoleBrowser } from './support.ts';

/** A name that is markup, and turns the direction of text. */
const HOSTILE = '<img src=x onerror=alert(1)>\u202eevil';

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let browser: ConsoleBrowser;
let page: Page;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_QUOTA_CREDENTIALS: '4' } });
  await call(gateway.url, 'createOrganization', { body: { name: `${HOSTILE} ${'long'.repeat(20)}` } });
  browser = await ConsoleBrowser.start(gateway.url);
  page = await browser.openAs({ operator: true }, '/organizations?page=0&name=');
  return async () => {
    await browser[Symbol.asyncDispose]();
    await gateway.stop();
  };
});

const credentials = (kind: 'API tokens' | 'Key pairs') => page.getByRole('region', { name: kind });
const dialog = () => page.getByRole('dialog');

test('the operator creates an organization and gives it credentials, whose secrets are shown once', async () => {
  await page.getByText('\\u202eevil').waitFor();
  await browser.look(page, 'organizations');
  await page.getByRole('button', { name: 'New organization' }).click();
  await dialog().getByRole('button', { name: 'Create' }).click();
  await dialog().getByText('Write a name.').waitFor();
  await dialog().getByLabel('Name').fill('Harbour');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Harbour' }).waitFor();

  await page.getByRole('button', { name: 'New API token' }).click();
  await dialog().getByLabel('Name').fill(HOSTILE);
  await dialog().getByRole('button', { name: 'Create' }).click();
  const token = await dialog().getByRole('group', { name: 'API token' }).locator('pre').innerText();
  const listed = await call(gateway.url, 'listIntegrations', { as: { apiToken: token } });
  expect(listed.status).toBe(200);
  await browser.look(page, 'credential-secret');
  await dialog().getByRole('button', { name: 'I have kept it' }).click();
  await credentials('API tokens').getByText('\\u202eevil').waitFor();
  expect(await page.content()).not.toContain(token);

  await page.getByRole('button', { name: 'New key pair' }).click();
  await dialog().getByLabel('Name').fill('People');
  await dialog().getByLabel('approvals').check();
  await dialog().getByLabel('Expires').selectOption('In 7 days');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await dialog().getByRole('button', { name: 'I have kept it' }).click();
  const pair = credentials('Key pairs').getByText('People');
  await pair.waitFor();
  await credentials('Key pairs').getByText('approvals', { exact: true }).waitFor();
  await page.getByText('2 of 4').waitFor();
  await browser.look(page, 'organization');
});

test('a deletion says first what goes with it, and the focus is never lost', async () => {
  await credentials('Key pairs').getByRole('button', { name: 'Delete key pair People' }).click();
  await dialog().getByText('signed out').waitFor();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await credentials('Key pairs').getByText('There is none.').waitFor();
  await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1');

  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog().getByText('API tokens and key pairs: 1').waitFor();
  await browser.look(page, 'organization-delete');
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'Organizations' }).waitFor();
  await page.getByLabel('Find by name or id').fill('Harbour');
  await page.getByText('0 of 2').waitFor();
});

test('an error says what happened: a quota that is used up, and a network that is gone', async () => {
  const org_id = gateway.organizationId;
  await call(gateway.url, 'createApiKey', { path: { org_id }, body: { name: 'One' } });
  await call(gateway.url, 'createApiKey', { path: { org_id }, body: { name: 'Two' } });
  await page.goto(`${gateway.url}/console/organizations/${org_id}`);
  await page.getByText('The quota is used up: more is refused.').waitFor();
  await page.getByRole('button', { name: 'New key pair' }).click();
  await dialog().getByLabel('Name').fill('Three');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await dialog().getByRole('alert').getByText('quota').waitFor();
  await page.context().setOffline(true);
  await dialog().getByRole('button', { name: 'Create' }).click();
  await dialog().getByText('The server cannot be reached.').waitFor();
  await page.context().setOffline(false);
  await page.keyboard.press('Escape');
});

test('the operator lets a group in, and out again', async () => {
  await page.getByRole('link', { name: 'Members' }).click();
  await page.getByText('There is none.').waitFor();
  await page.getByRole('button', { name: 'New member' }).click();
  await dialog().getByLabel('Claim').fill('groups');
  await dialog().getByLabel('Value').fill(HOSTILE);
  await dialog().getByRole('combobox', { name: 'Lets them into' }).click();
  await page.getByRole('option').nth(1).click();
  await dialog().getByLabel('approvals').check();
  await browser.look(page, 'member-new');
  await dialog().getByRole('button', { name: 'Create' }).click();
  await page.getByText('groups is').waitFor();
  await browser.look(page, 'members');
  const { body } = await call(gateway.url, 'listMembers', {});
  expect(body).toMatchObject([{ claim: 'groups', value: HOSTILE, permissions: ['approvals'] }]);
  await page.getByRole('button', { name: 'Delete member' }).click();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await page.getByText('There is none.').waitFor();
});
