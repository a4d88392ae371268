import { describe, expect, test } from 'vitest';
import { type Relay, startProxy } from './proxy.ts';
import { failures, HOLDER_ENV, OPERATOR_ENV, run, startGoodServer, TEAM_ENV } from './support.ts';

const ENV = { ...OPERATOR_ENV, ...TEAM_ENV, ...HOLDER_ENV };

/** Why checks were skipped, each with how many were. */
const skips = (stdout: string): [number, string][] =>
  [...stdout.matchAll(/^Skipped, (\d+): (.+)$/gm)].map(([, count, reason = '']) => [Number(count), reason]);

/** Refuses a local process that the server would take, as it refuses a transport that it does not know. */
const noProcesses: Relay = async (sent, forward) => {
  const came = await forward(sent);
  if (!sent.body.includes('"stdio"') || ![200, 201, 500].includes(came.status)) {
    return came;
  }
  if (came.status === 201) {
    await forward({ ...sent, method: 'DELETE', path: came.headers.location ?? '', body: '' });
  }
  return forward({ ...sent, body: sent.body.replaceAll('"stdio"', '"none"') });
};

describe('what a deployment does without is skipped with the reason, and nothing fails', () => {
  test.each<[string, Record<string, string>, string[], RegExp]>([
    ['changes are used after a restart', { GATEHOUSE_RELOAD: 'on-restart' }, ['--api', 'operator'], /on-restart/],
    ['everybody is the operator', { GATEHOUSE_ADMIN_AUTH: 'none' }, ['--include', 'credentials'], /ADMIN_AUTH/],
    [
      'quotas are small',
      { GATEHOUSE_QUOTA_SERVERS: '2', GATEHOUSE_QUOTA_ACCOUNTS: '2' },
      ['--api', 'servers'],
      /quota|organization/,
    ],
    [
      'new integrations wait',
      { GATEHOUSE_INTEGRATION_POLICY: 'require_approval_all' },
      ['--include', 'createIntegration'],
      /INTEGRATION_POLICY/,
    ],
  ])('%s', async (_, config, args, reason) => {
    const server = await startGoodServer(config);
    const open = config.GATEHOUSE_ADMIN_AUTH === undefined ? {} : { GATEHOUSE_ADMIN_AUTH: 'none' };
    const { code, stdout } = await run(['--base-url', server.url, ...args], { ...ENV, ...open });
    await server.stop();
    expect(failures({ code, stdout, stderr: '' })).toEqual([]);
    expect(code).toBe(0);
    const reasons = skips(stdout);
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.filter(([, text]) => !reason.test(text))).toEqual([]);
  });

  test('no local processes', async () => {
    const server = await startGoodServer();
    const proxy = await startProxy(server.url, noProcesses);
    const { code, stdout } = await run(['--base-url', proxy.url, '--api', 'operator'], OPERATOR_ENV);
    await proxy.stop();
    await server.stop();
    expect(failures({ code, stdout, stderr: '' })).toEqual([]);
    expect(skips(stdout)).toEqual([[10, expect.stringContaining('starts no local processes')]]);
  });

  test.each<[string, Record<string, string>, string[]]>([
    [
      'a public URL with a path',
      { GATEHOUSE_PUBLIC_URL: 'https://gateway.example.com/gate' },
      ['--include', 'create|Location|delete'],
    ],
    ['a rate limit', { GATEHOUSE_RATE_LIMIT: '20' }, ['--include', 'McpServers?: ']],
  ])('%s is no reason to skip', async (_, config, args) => {
    const server = await startGoodServer(config);
    const { code, stdout } = await run(['--base-url', server.url, ...args], ENV);
    await server.stop();
    expect(stdout).toMatch(/^\d+ checks: \d+ ok, 0 failed, 0 skipped$/m);
    expect(code).toBe(0);
  });
});

test('an operator API that lets everybody in unasked is a failure', async () => {
  const server = await startGoodServer({ GATEHOUSE_ADMIN_AUTH: 'none' });
  const result = await run(['--base-url', server.url, '--read-only'], ENV);
  await server.stop();
  expect(result.code).toBe(1);
  expect(failures(result)).toContain('every GET: without credentials it is a 401');
});
