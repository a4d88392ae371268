import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount, documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import { connect, WAYS } from '../support/mcp-client.ts';
import { mint } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Listened, listenOn } from '../support/sockets.ts';

const TARGET = 'https://files.example.com/made/7';
const NAME = 'create_a_crm_file';

let gateway: TestServer;
let service: Listened;
let token: string;
beforeAll(async () => {
  service = await listenOn(createServer((_, response) => response.writeHead(303, { location: TARGET }).end()));
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  const document = documentOf({ 'POST /files': {} }) as { paths: Record<string, Record<string, object>> };
  const operation = { ...document.paths['/files']?.post, responses: { 303: { description: 'Made' } } };
  const servers = [{ url: `http://127.0.0.1:${service.port}` }];
  const { accountId } = await createAccount(gateway, {
    ...document,
    servers,
    paths: { '/files': { post: operation } },
  });
  token = (await mint(gateway, `mcp_${accountId}`)).token;
});
afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

const text = () => ({
  type: 'text',
  text: `127.0.0.1:${service.port} answered 303 See Other: the resource is at ${TARGET}`,
});
const link = { type: 'resource_link', uri: TARGET, name: '7' };

test.each<[string | null, boolean]>([
  ['2025-11-25', true],
  ['2025-06-18', true],
  ['2025-03-26', false],
  ['2024-11-05', false],
  [null, false],
])('a client of the version %s gets a link: %s', async (version, isLinked) => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: NAME, arguments: {} } };
  const headers = version === null ? {} : { 'MCP-Protocol-Version': version };
  const answer = await call(gateway.url, 'sendToEndpoint', { path: { token }, as: 'nobody', body, headers });
  expect(answer.body.result).toEqual({ content: isLinked ? [text(), link] : [text()] });
});

test.each(WAYS)('a client of %s reads where the resource is', async (way) => {
  const ask = await connect({ gateway, token }, way);
  const { body } = await ask('tools/call', { name: NAME, arguments: {} });
  expect(body.result.content[0]).toEqual(text());
});
