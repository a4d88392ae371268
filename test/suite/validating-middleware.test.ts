import { afterEach, describe, expect, test } from 'vitest';
import type { ClientMethod } from '../../src/client/calls.ts';
import { createClient } from '../../src/client/client.ts';
import { ContractViolation, createValidation } from '../../src/suite/validating-middleware.ts';
import { type Came, type RunningProxy, startProxy } from './proxy.ts';
import { document } from './support.ts';

const ID = 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69';
const SERVER = {
  id: ID,
  organization_id: 'org_2zC2v0GqxbrfKq1rKazb3gFcPEq',
  url: 'https://files.example.com/mcp',
  name: 'Files',
  approval_policy: 'require_approval_all',
  transport: 'STREAMABLE_HTTP',
  description: null,
  request_headers: {},
  tags: [],
  timeout_seconds: null,
  required_approvals: 1,
  health: { state: 'unknown', since: null, last_error: null },
  created_at: 1751401800000,
  updated_at: 1751401800000,
};
const envelope = (data: object) =>
  JSON.stringify({ message: 'MCP server retrieved successfully', status: 'success', error: null, data });
const headers = { 'content-type': 'application/json; charset=utf-8', 'x-request-id': '1', etag: '"1"' };
const GOOD: Came = { status: 200, headers, body: envelope(SERVER) };
const link = '<http://localhost/docs/errors.html#not_found>; rel="help"';
const NOT_FOUND: Came = {
  status: 404,
  headers: { 'content-type': 'application/json', 'x-request-id': '1', link },
  body: '{"message":"MCP server not found","status":"error","error":"There is none."}',
};
const without = (came: Came, name: string): Came => {
  const { [name]: _, ...kept } = came.headers;
  return { ...came, headers: kept };
};
const withHeader = (came: Came, name: string, value: string): Came => ({
  ...came,
  headers: { ...came.headers, [name]: value },
});

let proxy: RunningProxy;
afterEach(() => proxy.stop());

async function ask(came: Came, path = `/api/mcp-servers/${ID}`, method: ClientMethod = 'GET') {
  proxy = await startProxy('http://127.0.0.1:9', async () => came);
  const validation = createValidation(document, proxy.url);
  const client = createClient({ baseUrl: proxy.url, retries: 0, redirect: 'manual' });
  client.use(validation.middleware);
  const call = client[method] as (path: string) => Promise<{ readonly response: Response; readonly data?: unknown }>;
  return { seen: validation.seen, answer: call(path) };
}

describe('answers that keep the document come through, and are counted', () => {
  test('a success', async () => {
    const { answer, seen } = await ask(GOOD);
    expect((await answer).data).toEqual(JSON.parse(GOOD.body));
    expect(seen).toEqual(new Map([['getMcpServer', new Set([200])]]));
  });

  test('an error', async () => {
    const { answer, seen } = await ask(NOT_FOUND);
    expect((await answer).response.status).toBe(404);
    expect(seen).toEqual(new Map([['getMcpServer', new Set([404])]]));
  });

  test('405 with Allow for a method that the document does not have', async () => {
    const { answer } = await ask({ ...withHeader(NOT_FOUND, 'allow', 'GET'), status: 405 }, undefined, 'PUT');
    expect((await answer).response.status).toBe(405);
  });

  test('404 for a path that the document does not have', async () => {
    const { answer, seen } = await ask(NOT_FOUND, '/api/nothing?x=1');
    expect((await answer).response.status).toBe(404);
    expect(seen.size).toBe(0);
  });
});

describe('answers that break the document are named', () => {
  const { tags: _, ...untagged } = SERVER;
  test.each<[string, Came, string]>([
    ['an undocumented status', { ...GOOD, status: 202 }, 'the status 202 is not documented for getMcpServer'],
    [
      'a redirect',
      { ...GOOD, status: 302, headers: { ...headers, location: '/x' } },
      'the status 302 is not documented',
    ],
    [
      'another media type',
      withHeader(GOOD, 'content-type', 'text/html'),
      'the media type is text/html, not application/json',
    ],
    ['no media type', without(GOOD, 'content-type'), 'the media type is missing'],
    ['no JSON', { ...GOOD, body: '<html>' }, 'the body is not JSON'],
    ['a missing key', { ...GOOD, body: envelope(untagged) }, "the body.data must have required property 'tags'"],
    ['an extra key', { ...GOOD, body: envelope({ ...SERVER, x: 1 }) }, 'must NOT have additional properties: x'],
    [
      'a wrong enum',
      { ...GOOD, body: envelope({ ...SERVER, transport: 'sse' }) },
      'the body.data.transport must be equal to one of',
    ],
    [
      'a wrong format',
      { ...GOOD, body: envelope({ ...SERVER, url: 'ftp://x' }) },
      'the body.data.url must match format "server-url"',
    ],
    [
      'another message',
      { ...GOOD, body: GOOD.body.replace('retrieved', 'found') },
      'must be equal to constant: "MCP server retrieved successfully"',
    ],
    ['no ETag', without(GOOD, 'etag'), 'the header ETag is missing'],
    ['a wrong ETag', withHeader(GOOD, 'etag', 'W/"1"'), 'the header ETag must match pattern'],
    ['no X-Request-Id', without(GOOD, 'x-request-id'), 'the header X-Request-Id is missing'],
    ['no Link on an error', without(NOT_FOUND, 'link'), 'the header Link is missing'],
    [
      'another Link on an error',
      withHeader(NOT_FOUND, 'link', '</docs>; rel="next"'),
      'the header Link does not lead to help',
    ],
    ['429 without Retry-After', { ...NOT_FOUND, status: 429 }, 'the header Retry-After is missing'],
    [
      'a wrong Retry-After',
      withHeader({ ...NOT_FOUND, status: 429 }, 'retry-after', 'soon'),
      'the header Retry-After must be integer',
    ],
    ["the other API's error", { ...NOT_FOUND, body: '{"error":{"code":"not_found","message":"x"}}' }, 'the body'],
  ])('%s', async (_name, came, said) => {
    const error = await (await ask(came)).answer.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ContractViolation);
    expect((error as ContractViolation).violations.join('\n')).toContain(said);
  });

  test('a success of a method that the document does not have', async () => {
    const { answer } = await ask(GOOD, undefined, 'PUT');
    await expect(answer).rejects.toThrow('the document has no PUT');
  });

  test('405 without Allow', async () => {
    const { answer } = await ask({ ...NOT_FOUND, status: 405 }, undefined, 'PUT');
    await expect(answer).rejects.toThrow('the header Allow is missing');
  });
});
