import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { documentOf } from '../support/accounts.ts';
import { requireChromium } from '../support/chromium.ts';
import { call } from '../support/client.ts';
import { connectOld } from '../support/mcp-clients.ts';
import { mint } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { tabTo } from './keys.ts';
import { ConsoleBrowser } from './support.ts';

const HOSTILE = '<script>alert(1)</script>\u202e "gnirts"';

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let browser: ConsoleBrowser;
let origin: string;
const asked: IncomingMessage[] = [];
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  const service = createServer((request, response) => {
    asked.push(request);
    response.setHeader('Content-Type', 'application/json').end('[]');
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  browser = await ConsoleBrowser.start(gateway.url);
  return async () => {
    await browser[Symbol.asyncDispose]();
    service.close();
    await gateway.stop();
  };
});

const open = (path: string, size = {}): Promise<Page> => browser.openAs({ token: true }, path, size);
const close = (page: Page): Promise<void> => page.context().close();

/** Pets behind an API key and OAuth 2, one operation without words, and a variable in the URL. */
const petsAt = (url: string, description = 'List pets') => ({
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1' },
  servers: [{ url: `${url}/{region}`, variables: { region: { default: 'eu', enum: ['eu', 'us'] } } }],
  security: [{ key: [] }],
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Pets' },
      sign_in: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: `${url}/token`, scopes: { read: '' } } } },
    },
  },
  paths: {
    '/pets': {
      get: { summary: description, tags: ['pet', HOSTILE], responses: { 200: { description: 'Pets' } } },
      post: { summary: 'Add a pet', security: [{ sign_in: [] }], responses: { 201: { description: 'The pet' } } },
      delete: { responses: { 204: { description: 'Gone' } } },
    },
  },
});

test('the keys alone register a document, and what became of it is told', async () => {
  const page = await open('/integrations');
  await tabTo(page, 'link', 'Register a document');
  await page.keyboard.press('Enter');
  await tabTo(page, 'textbox', 'Name');
  await page.keyboard.type('pets');
  await tabTo(page, 'radio', 'File');
  await page.keyboard.press('ArrowRight');
  await tabTo(page, 'textbox', 'Text');
  await page.keyboard.insertText(JSON.stringify(petsAt(origin, `List pets ${HOSTILE}`)));
  await tabTo(page, 'button', 'Register');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'pets', exact: true }).waitFor();
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
  await page.getByRole('heading', { name: 'Operations without a tool: 1' }).waitFor();
  await page.getByText('list_all_pets_pets').waitFor();
  await browser.look(page, 'integration');
  await page.getByRole('link', { name: 'All integrations' }).click();
  await page.getByText('2 tools.').waitFor();
  await browser.look(page, 'integrations');
  await close(page);
});

test('a document is read while the person is elsewhere, and a message tells the end', async () => {
  const page = await open('/integrations/new');
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  await page.route('**/integration', async (route) => {
    await held;
    await route.continue();
  });
  await page.getByLabel('Name').fill('large');
  await page.locator('input[type=file]').setInputFiles({
    name: 'large.yaml',
    mimeType: 'application/yaml',
    buffer: Buffer.from(JSON.stringify(documentOf({ 'GET /things': {} }))),
  });
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByText('Reading large.yaml').waitFor();
  await page.getByRole('link', { name: 'All integrations' }).click();
  await page.getByText('Reading large: large.yaml').waitFor();
  await browser.look(page, 'integrations-reading');
  goOn();
  await page.getByText('is read: one tool.').waitFor();
  await page.getByRole('link', { name: 'large' }).first().waitFor();
  await close(page);
});

test('mistakes are told at their fields, and of a document with its place', async () => {
  const page = await open('/integrations/new', { width: 360, height: 740 });
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByText('Choose a file that is not empty.').waitFor();
  await page.getByLabel('Name').fill('broken');
  await page.getByRole('radio', { name: 'Text' }).check();
  await page.getByRole('textbox', { name: 'Text' }).fill('{"openapi": "3.1.0", ');
  await page.getByRole('button', { name: 'Register' }).click();
  await page
    .getByRole('alert')
    .getByText(/line|column|position/i)
    .first()
    .waitFor();
  await browser.look(page, 'integration-refused');
  await close(page);
});

test('an account gets the credentials that the document asks for, and calls carry them', async () => {
  const page = await open('/integrations');
  await page.getByRole('link', { name: 'pets' }).click();
  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Tenant').fill(`acme ${HOSTILE}`);
  const key = page.getByRole('group', { name: 'key' });
  await key.getByRole('radio', { name: 'API key' }).check();
  await page.getByLabel('region').selectOption('us');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('Fill this in').waitFor();
  await browser.look(page, 'account-create');
  await key.getByLabel('API key').last().fill('k3y');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('list_all_pets_pets').waitFor();
  await page.getByText('1 left out').waitFor();
  const id = page.url().split('/').at(-1) ?? '';
  const { url } = await mint(gateway, `mcp_${id}`);
  const client = await connectOld({ url, headers: {} });
  await client.call('list_all_pets_pets');
  expect(asked.map(({ url: path, headers }) => [path, headers['x-pets']])).toEqual([['/us/pets', 'k3y']]);
  await browser.look(page, 'account');
  await page.getByLabel('Replace the credentials').check();
  await key.getByRole('radio', { name: 'API key' }).check();
  await key.getByLabel('API key').last().fill('n3w');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await client.call('list_all_pets_pets');
  expect(asked.at(-1)?.headers['x-pets']).toBe('n3w');
  await client.close();
  await close(page);
});

test('an integration is changed, and deleted once its accounts are gone', async () => {
  const page = await open('/integrations', { width: 360, height: 740 });
  await page.getByRole('link', { name: 'pets' }).click();
  await page.getByLabel('Every call waits').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByText('It has an account').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.goto(`${gateway.url}/console/accounts`);
  await browser.look(page, 'accounts');
  await page.getByRole('link', { name: 'pets' }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('One endpoint goes too').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('There is none.').waitFor();
  expect((await call(gateway.url, 'listAccounts')).body.result).toEqual([]);
  await page.goto(`${gateway.url}/console/integrations`);
  await page.getByRole('link', { name: 'pets' }).click();
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('The server cannot be reached.').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'Integrations' }).waitFor();
  await close(page);
});
