import { expect, test } from 'vitest';
import { LIMITS, MAX_BODY_LEVELS, MAX_BODY_VALUES, MAX_KEY_CHARS, MAX_MISTAKES } from '../../src/base/limits.ts';
import { parseConfig } from '../../src/config.ts';
import { operationsOf } from '../../src/contract/document.ts';
import { askServer, GUIDES } from '../../src/docs/guides.ts';
import { MAX_IN_FLIGHT } from '../../src/gateway/in-flight.ts';
import { MAX_MESSAGE_VALUES } from '../../src/gateway/message.ts';
import { MAX_MEMBERS } from '../../src/gateway/repeated-members.ts';
import { document } from './support.ts';

const read = (name: string) => GUIDES.find((guide) => guide.name === name)?.markdown() ?? '';

test.each(GUIDES)('$name begins with a heading', async ({ markdown }) => {
  expect(await markdown()).toMatch(/^# \S/);
});

test('limits: the figures are those of the program', async () => {
  const text = await read('limits');
  const rows = new Map(
    [...text.matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const many = (count: number) => count.toLocaleString('en');
  const { quotas } = parseConfig({});
  expect(Object.fromEntries(rows)).toMatchObject({
    'Values in a body, on all levels': many(MAX_BODY_VALUES),
    'Levels of a body': many(MAX_BODY_LEVELS),
    'Characters of a key': many(MAX_KEY_CHARS),
    'Time for the headers to arrive': `${LIMITS.headerTimeoutMs / 1000} s`,
    'Time for the whole request to arrive': `${LIMITS.requestTimeoutMs / 1000} s`,
    'Values in a message, on all levels': many(MAX_MESSAGE_VALUES),
    'Members of a message, and of its `params`': many(MAX_MEMBERS),
    'Calls of one endpoint at the same time': many(MAX_IN_FLIGHT.ofEndpoint),
    Servers: many(quotas.servers ?? 0),
    Integrations: many(quotas.integrations ?? 0),
    'Accounts, own and shared servers included': many(quotas.accounts ?? 0),
    'Endpoints, expired ones included': many(quotas.endpoints ?? 0),
    'API tokens and key pairs together': many(quotas.credentials ?? 0),
    'Documents and tools, compressed': `\`${(quotas.tool_bytes ?? 0) / 1024 / 1024} MiB\``,
  });
  expect(text).toContain(`at most ${MAX_MISTAKES} mistakes`);
});

test('every operation that a guide names is in the document', async () => {
  const known = new Set(operationsOf(document).map(({ method, path }) => `${method.toUpperCase()} ${path}`));
  for (const { name, markdown } of GUIDES.filter((guide) => guide.name !== 'changelog')) {
    const named = [...(await markdown()).matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/[^`]*)`/g)].map(
      ([, text]) => text,
    );
    expect(
      named.filter((text) => !known.has(text ?? '')),
      name,
    ).toEqual([]);
  }
});

test.each([
  ['curl http://localhost:8080/mcp', 'curl https://g.example.com/x/mcp'],
  ["'http://127.0.0.1:8080'", "'https://g.example.com/x'"],
  ['http://localhost:3000/docs', 'http://localhost:3000/docs'],
])('%s asks another server: %s', (text, asked) => {
  expect(askServer(text, 'https://g.example.com/x')).toBe(asked);
});
