import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { type Relay, startProxy } from './proxy.ts';
import { failures, HOLDER_ENV, OPERATOR_ENV, run, startGoodServer, TEAM_ENV } from './support.ts';

const ENV = { ...OPERATOR_ENV, ...TEAM_ENV, ...HOLDER_ENV };
const FUZZ = ['--include', 'made from the schema', '--fuzz', '40'];
const nameOf = (operation: string) =>
  `${operation}: bodies made from the schema, right and spoiled, are answered as documented`;

let server: RunningServer;
beforeAll(async () => {
  server = await startGoodServer();
});
afterAll(() => server.stop());

test('a good server answers whatever is sent as documented', async () => {
  const result = await run(['--base-url', server.url, ...FUZZ, '--seed', '7'], ENV);
  expect(failures(result)).toEqual([]);
  expect(result.stdout).toMatch(/^19 checks: 19 ok, 0 failed, 0 skipped$/m);
});

const bodyOf = ({ body }: { body: string }): Record<string, unknown> => {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
};

/** Lies that no example of a body brings to light, the operation that finds each, and a part of the failure. */
const FAULTS: readonly [string, string, string, Relay][] = [
  [
    'a 500 on a long text',
    'createMcpServer',
    'status 500',
    async (sent, forward) => {
      const came = await forward(sent);
      return String(bodyOf(sent).name ?? '').length > 100 && came.status === 201 ? { ...came, status: 500 } : came;
    },
  ],
  [
    'a status that is not documented, for an empty list',
    'updateMcpServer',
    'the status 202 is not documented',
    async (sent, forward) => {
      const came = await forward(sent);
      return sent.method === 'PATCH' && JSON.stringify(bodyOf(sent).tags) === '[]' && came.status === 200
        ? { ...came, status: 202 }
        : came;
    },
  ],
  [
    'a missing header, where a text is not ASCII',
    'createOrganization',
    'the header X-Request-Id is missing',
    async (sent, forward) => {
      const { headers, ...came } = await forward(sent);
      const { 'x-request-id': _, ...fewer } = headers;
      return { ...came, headers: /[^\0-\x7f]/.test(sent.body) ? fewer : headers };
    },
  ],
  [
    'a wrong type deep inside',
    'createSharedServer',
    'must be object',
    async (sent, forward) => {
      const came = await forward(sent);
      return { ...came, body: came.body.replace(/"env":\{("[^"]+":"[^"]*",?)+\}/, '"env":[]') };
    },
  ],
  [
    'a lost update',
    'updateIntegration',
    'tool_tags as it was sent',
    async (sent, forward) => {
      const { tool_tags: tags, ...rest } = bodyOf(sent);
      const isLost = sent.method === 'PATCH' && typeof tags === 'object' && Object.keys(tags ?? {}).length > 1;
      return forward(isLost ? { ...sent, body: JSON.stringify(rest) } : sent);
    },
  ],
];

test.each(FAULTS)('%s is found, with the smallest request that shows it', async (_, operation, failure, relay) => {
  const proxy = await startProxy(server.url, relay);
  const args = ['--base-url', proxy.url, '--include', `^${operation}: bodies made`, '--fuzz', '100'];
  const first = await run(args, ENV);
  expect(failures(first)).toEqual([nameOf(operation)]);
  expect(first.stdout).toContain(failure);
  expect(first.stdout).toMatch(/\(seed 1; the smallest of \d+ bodies\)/);
  expect(first.stdout).toMatch(/^ +request {3}curl -X (?:POST|PATCH) /m);
  await proxy.stop();
});
