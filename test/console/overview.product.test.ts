import { beforeAll, beforeEach, expect, test } from 'vitest';
import { requireChromium } from '../support/chromium.ts';
import { call } from '../support/client.ts';
import { mint, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startToolServer, type ToolServer, tool } from '../support/tool-server.ts';
import { ConsoleBrowser } from './support.ts';

const DAY = 24 * 60 * 60 * 1000;
const HOSTILE = `<b>Sheets</b>\u202e${'x'.repeat(90)}`;

beforeEach(({ skip }) => requireChromium(skip));

let gateway: TestServer;
let upstream: ToolServer;
let browser: ConsoleBrowser;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  upstream = await startToolServer([tool('read', { annotations: { readOnlyHint: true } }), tool('write')]);
  browser = await ConsoleBrowser.start(gateway.url);
  return async () => {
    await browser[Symbol.asyncDispose]();
    await upstream.stop();
    await gateway.stop();
  };
});

test('an empty installation shows the first steps to its operator and to people', async () => {
  const operator = await browser.openAs({ operator: true });
  await operator.getByRole('heading', { name: 'Overview' }).waitFor();
  await operator.getByText('Give it an API token and a key pair').waitFor();
  await operator.context().close();
  const person = await browser.openAs({ pair: true });
  await person.getByText('Sign in with a key pair and an API token').waitFor();
  expect(await person.getByText('done', { exact: true }).count()).toBe(0);
  await browser.look(person, 'overview-new');
  await person.context().close();
});

test('a person without a key pair is told what the overview needs', async () => {
  const page = await browser.openAs({ token: true });
  await page.getByText('needs a key pair').waitFor();
  await page.context().close();
});

test('what needs a person shows as numbers and one by one, and the calls of each day as bars and as a table', async () => {
  const { serverId, token } = await mintOver(gateway, upstream.url, {
    name: HOSTILE,
    approval_policy: 'auto_approve_read_only',
  });
  const use = (endpoint: string, name: string) => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } };
    return call(gateway.url, 'sendToEndpoint', { path: { token: endpoint }, as: 'nobody', body });
  };
  for (const count of [3, 1, 0, 2, 4]) {
    for (let at = 0; at < count; at += 1) {
      await use(token, 'read');
    }
    await gateway.deps.callAudit.flush();
    gateway.clock.now += DAY;
  }
  const soon = new Date(gateway.clock.now + 3 * DAY).toISOString();
  await mint(gateway, serverId, {}, { name: HOSTILE, expires_at: soon });
  const path = { org_id: gateway.organizationId };
  await call(gateway.url, 'createApiToken', { path, body: { name: 'CI pipeline', expiresAt: soon } });
  const down = await mintOver(gateway, 'http://127.0.0.1:9/mcp', { name: 'Files' });
  await use(down.token, 'read');
  await use(token, 'write');
  await gateway.deps.callAudit.flush();

  const page = await browser.openAs({ pair: true, token: true, operator: true });
  const mine = page.getByRole('region', { name: /^What needs you: Default/ });
  await mine.getByRole('link', { name: '1 call waits for a decision' }).waitFor();
  await mine.getByText('1 server is down').waitFor();
  await mine.getByText('went down').waitFor();
  await mine.getByText('CI pipeline').waitFor();
  const days = (await call(gateway.url, 'getOverview', { as: 'team' })).body.data.calls as {
    calls: number;
    failures: number;
  }[];
  const [calls, failures] = [
    days.reduce((sum, day) => sum + day.calls, 0),
    days.reduce((sum, day) => sum + day.failures, 0),
  ];
  expect(calls).toBeGreaterThan(failures);
  expect(failures).toBeGreaterThan(0);
  await page.getByText(`${calls} calls in 30 days, ${failures} of them failed or were refused.`).first().waitFor();
  const chart = page.getByRole('region', { name: /^Calls of each day: Default/ });
  await chart.getByText('The numbers as a table').click();
  const row = chart.getByRole('row').nth(2);
  await expect.poll(() => row.innerText()).toMatch(/4\s+0$/);
  expect(await page.getByText('First steps').count()).toBe(0);
  await browser.look(page, 'overview');
  await mine.getByRole('link', { name: '1 call waits for a decision' }).click();
  await page.getByRole('heading', { name: 'Approvals' }).waitFor();
  await page.context().close();
});
