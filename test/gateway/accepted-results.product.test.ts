import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccount } from '../support/accounts.ts';
import { CLIENTS, type McpClient } from '../support/mcp-clients.ts';
import { mint } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Listened, listenOn } from '../support/sockets.ts';

/** What services answer whose document promises `{id: integer, name?: string}`: all of them carried the call out. */
const ANSWERS: Readonly<Record<string, readonly [status: number, type: string | null, body: string]>> = {
  'as promised': [200, 'application/json', '{"id":1,"name":"n"}'],
  'null for a text': [200, 'application/json', '{"id":1,"name":null}'],
  'a text for a number': [200, 'application/json', '{"id":"1"}'],
  'a required member is missing': [200, 'application/json', '{"name":"n"}'],
  'members that nobody promised': [200, 'application/json', '{"id":1,"more":{"a":[1]}}'],
  'a list': [200, 'application/json', '[{"id":1}]'],
  'a number': [200, 'application/json', '1'],
  'no JSON, which says that it is': [200, 'application/json', '{"id":'],
  'a page': [200, 'text/html', '<p>Done</p>'],
  'a text, accepted': [202, 'text/plain', 'queued'],
  'no content': [204, null, ''],
  'an empty body': [200, 'application/json', ''],
  bytes: [200, 'application/pdf', '\u0001\u0002'],
  'a redirect to what was made': [303, null, ''],
};
const NAMES = Object.keys(ANSWERS);

const thing = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: { type: 'integer' }, name: { type: 'string', format: 'date', enum: ['n'] } },
};
const operation = {
  summary: 'Make one.',
  parameters: [{ name: 'answer', in: 'query', schema: { type: 'string' } }],
  responses: {
    200: { description: 'ok', content: { 'application/json': { schema: thing } } },
    303: { description: 'elsewhere' },
  },
};
const document = {
  openapi: '3.0.3',
  info: { title: 't', version: '1' },
  paths: { '/a': { post: operation } },
};

let gateway: TestServer;
let service: Listened;
let url: string;
beforeAll(async () => {
  service = await listenOn(
    createServer(({ url = '' }, response: ServerResponse) => {
      const asked = new URL(url, 'http://service').searchParams.get('answer') ?? '';
      const [status, type, body] = ANSWERS[asked] ?? [404, null, ''];
      const location = status === 303 ? { location: '/a/1' } : {};
      response.writeHead(status, { ...(type !== null && { 'content-type': type }), ...location }).end(body);
    }),
  );
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  const servers = [{ url: `http://127.0.0.1:${service.port}` }];
  const { accountId } = await createAccount(gateway, { ...document, servers }, 'case');
  url = (await mint(gateway, `mcp_${accountId}`)).url;
});
afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

describe.each(CLIENTS.filter(({ name }) => name.startsWith('the SDK')))('$name', ({ connect }) => {
  let client: McpClient;
  beforeAll(async () => {
    client = await connect({ url, headers: {} });
    expect(await client.list()).toEqual(['create_a_case_a']);
  });
  afterAll(() => client.close());

  test.each(NAMES)('accepts %s', async (answer) => {
    const text = await client.call('create_a_case_a', { args: { answer } });
    expect(text).toBe(
      { 204: `127.0.0.1:${service.port} answered 204 No Content without content.` }[ANSWERS[answer]?.[0] ?? 0] ?? text,
    );
  });
});
