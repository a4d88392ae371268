import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { APIS } from '../../src/suite/apis.ts';
import { ALL_CHECKS } from '../../src/suite/checks/all.ts';
import type { Coverage } from '../../src/suite/coverage.ts';
import { bearer } from '../../src/suite/credentials.ts';
import type { Result } from '../../src/suite/result.ts';
import { runSuite } from '../../src/suite/run.ts';
import { askOnce } from '../support/ask-once.ts';
import { ARRIVES, EXPIRED } from './faults/named-approvals.ts';
import { startProxy } from './proxy.ts';
import {
  API_KEY,
  API_SECRET,
  API_TOKEN,
  createOrganization,
  document,
  HOLDER_ENV,
  OPERATOR_ENV,
  OPERATOR_TOKEN,
  run,
  startGoodServer,
  TEAM_ENV,
} from './support.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startGoodServer();
});
afterAll(() => server.stop());

const get = async (path: string, headers: Record<string, string>): Promise<unknown> =>
  (await askOnce(server.url, 'get', path, { headers })).body;

/** Everything that a run might leave behind, as the server lists it. */
const stored = async () => ({
  servers: await get('/api/mcp-servers?limit=100', { 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET }),
  organizations: await get('/admin/api/v1/organizations', { Authorization: `Bearer ${OPERATOR_TOKEN}` }),
  sharedServers: await get('/admin/api/v1/mcp-servers', { Authorization: `Bearer ${OPERATOR_TOKEN}` }),
  integrations: await get('/integration', { Authorization: `Bearer ${API_TOKEN}` }),
  accounts: await get('/integrated-account', { Authorization: `Bearer ${API_TOKEN}` }),
});

const namesOf = (stdout: string, label: string): string[] =>
  [...stdout.matchAll(new RegExp(`^${label} +\\w+ +(.+)$`, 'gm'))].map(([, name = '']) => name);

const ENV = { ...OPERATOR_ENV, ...TEAM_ENV, ...HOLDER_ENV };

const check = (apis: readonly string[]) => ALL_CHECKS.filter(({ api }) => apis.includes(api)).map(({ name }) => name);

describe('on a good server everything passes, and nothing is left behind', () => {
  test.each<[string, string[], Record<string, string>, string[], string[]]>([
    ['all APIs, with credentials for each', [], ENV, ['servers', 'operator', 'accounts', 'all'], [EXPIRED, ARRIVES]],
    ['the Operator API alone', ['--api', 'operator'], OPERATOR_ENV, ['operator'], []],
  ])('%s', async (_, args, env, apis, skipped) => {
    const before = await stored();
    const { code, stdout, stderr } = await run(['--base-url', server.url, ...args], env);
    expect(namesOf(stdout, 'FAIL')).toEqual([]);
    expect(namesOf(stdout, 'skip')).toEqual(skipped);
    const names = check(apis).filter((name) => !skipped.includes(name));
    expect(namesOf(stdout, 'ok')).toEqual(expect.arrayContaining(names));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await stored()).toEqual(before);
  });

  test('the Servers API alone, which leaves out what takes a second organization', async () => {
    const before = await stored();
    const { code, stdout } = await run(['--base-url', server.url, '--api', 'servers'], TEAM_ENV);
    expect(code, stdout).toBe(0);
    expect(namesOf(stdout, 'skip')).toEqual([
      'every operation: the key of one organization with the secret of another is a 401',
      "every operation: another organization's server does not exist",
      "listMcpServers: another organization's servers are neither listed, found nor counted",
    ]);
    expect(await stored()).toEqual(before);
  });

  test('the Accounts API alone, which leaves out what takes a second organization', async () => {
    const before = await stored();
    const { code, stdout } = await run(['--base-url', server.url, '--api', 'accounts'], HOLDER_ENV);
    expect(code, stdout).toBe(0);
    expect(namesOf(stdout, 'skip')).toEqual([
      "every operation: another organization's integration, account and endpoint do not exist",
      "createAccount: another organization's integration does not exist",
      "listIntegrations, listAccounts: another organization's are not listed",
    ]);
    expect(await stored()).toEqual(before);
  });

  test('the Servers API alone, with a second key pair', async () => {
    const { apiKey, apiSecret } = await createOrganization(server.url);
    const other = { GATEHOUSE_OTHER_API_KEY: apiKey, GATEHOUSE_OTHER_API_SECRET: apiSecret };
    const { code, stdout } = await run(['--base-url', server.url, '--api', 'servers'], { ...TEAM_ENV, ...other });
    expect({ code, skipped: namesOf(stdout, 'skip') }).toEqual({ code: 0, skipped: [] });
  });

  test('--read-only, which sends nothing but GET', async () => {
    const methods = new Set<string>();
    const proxy = await startProxy(server.url, (sent, forward) => {
      methods.add(sent.method);
      return forward(sent);
    });
    const { code } = await run(['--base-url', proxy.url, '--read-only'], ENV);
    await proxy.stop();
    expect({ code, methods: [...methods] }).toEqual({ code: 0, methods: ['GET'] });
  });
});

describe('all APIs, with the operator token alone, below a path', () => {
  const results: Result[] = [];
  let coverage: Coverage;
  let before: unknown;
  beforeAll(async () => {
    before = await stored();
    const proxy = await startProxy(server.url, (sent, forward) =>
      forward({ ...sent, path: sent.path.replace(/^\/gate/, '') }),
    );
    ({ coverage } = await runSuite({
      document,
      baseUrl: `${proxy.url}/gate`,
      apis: APIS,
      readOnly: false,
      credentials: {
        team: null,
        other: null,
        holder: null,
        otherHolder: null,
        operator: bearer(OPERATOR_TOKEN, '$TOKEN'),
      },
      onResult: (result) => results.push(result),
      selected: () => true,
      bail: false,
      fuzz: null,
      headers: {},
      signal: new AbortController().signal,
    }));
    await proxy.stop();
  });

  test('everything passes, and nothing is left behind', async () => {
    const others = results.filter(({ outcome }) => outcome !== 'ok').map(({ name, outcome }) => [name, outcome]);
    expect(others).toEqual([
      [EXPIRED, 'skip'],
      [ARRIVES, 'skip'],
    ]);
    expect(results.map(({ name }) => name)).toEqual(expect.arrayContaining(check([...APIS, 'all'])));
    expect(await stored()).toEqual(before);
  });

  test('every status that the document names for these APIs comes up', () => {
    expect(coverage.seen).toBe(coverage.documented - coverage.missing.length);
    expect(coverage.missing).toEqual([
      // Quotas are as large as the operator of a server sets them: the suite fills none.
      'createApiKey 409',
      'createApiToken 409',
      // A stream does not end by itself.
      'streamApprovalEvents 200',
      'createMcpServer 409',
      'addToolApproval 409',
      // The suite brings no MCP server that another machine could reach.
      'listMcpServerTools 200',
      // Nor does it fill an organization with webhooks.
      'createWebhook 409',
      'createAccount 409',
      'addAccountToolApproval 409',
      'createEndpoint 409',
      'createIntegration 409',
      'updateIntegration 409',
    ]);
  });
});

test('what was made is deleted even when every check fails', async () => {
  const before = await stored();
  // Everything is done as it should be, and told without the header that every answer must have.
  const proxy = await startProxy(server.url, async (sent, forward) => {
    const { headers, ...came } = await forward(sent);
    const { 'x-request-id': _, ...kept } = headers;
    return { ...came, headers: kept };
  });
  const { code, stdout } = await run(['--base-url', proxy.url], ENV);
  await proxy.stop();
  expect(code).toBe(1);
  expect(namesOf(stdout, 'FAIL')).toEqual(check(['servers', 'operator', 'accounts', 'all']));
  expect(await stored()).toEqual(before);
});
