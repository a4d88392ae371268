import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnswerBroken, apiOf } from '../../src/testing/api-of.ts';
import { API_KEY, API_SECRET, OPERATOR_TOKEN, startTestServer, type TestServer } from '../support/server.ts';

const TEAM = { 'X-API-KEY': API_KEY, 'X-API-SECRET': API_SECRET };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('a server at a URL', () => {
  test('an operation is asked by its id, and answers that keep the document come back', async () => {
    const api = apiOf(`${server.url}/`, { headers: TEAM });
    const body = { name: 'Files', url: 'https://files.example.com/mcp' };
    const created = await api.call('createMcpServer', { body });
    expect(created.status).toBe(201);
    const { id } = (created.body as { data: { id: string } }).data;
    const read = await api.call('getMcpServer', { path: { mcpServerId: id } });
    expect(read.body).toEqual(expect.objectContaining({ data: expect.objectContaining(body) }));
    const list = await api.call('listMcpServers', { query: { search: 'Files', limit: '1' } });
    expect(list.body).toHaveProperty('data.total_count', 1);
  });

  test('wrong questions are asked as they are, and the errors are checked too', async () => {
    const api = apiOf(server.url);
    expect((await api.call('listMcpServers')).status).toBe(401);
    const wrong = await api.call('createMcpServer', { body: '{"name":', headers: TEAM });
    expect(wrong.status).toBe(400);
    expect((await api.send('put', '/api/mcp-servers?page=1', { headers: TEAM })).status).toBe(405);
    const headers = { Authorization: `Bearer ${OPERATOR_TOKEN}` };
    expect((await api.call('getOrganization', { path: { org_id: '../x' }, headers })).status).toBe(422);
  });

  test('an operation that the document does not have is a mistake of the test', async () => {
    await expect(apiOf(server.url).call('listServers' as 'listMcpServers')).rejects.toThrow('no operation listServers');
  });
});

describe('an app without a port', () => {
  const RIGHT = { message: 'Unauthorized', status: 'error', error: 'No key pair.' };
  const answering =
    (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
    (_, response) => {
      const link = '<https://gatehouse.example.com/docs/errors.html#unauthorized>; rel="help"';
      const always = { 'X-Request-Id': 'one', 'Content-Type': 'application/json', Link: link };
      response.writeHead(status, { ...always, 'WWW-Authenticate': 'ApiKey', ...headers }).end(body);
    };

  test.each<[string, RequestListener, RegExp | null]>([
    ['keeps the document', answering(401, JSON.stringify(RIGHT)), null],
    [
      'has a status that is not documented',
      answering(202, '{}'),
      /the status 202 is not documented for listMcpServers/,
    ],
    ['lacks a member', answering(401, JSON.stringify({ ...RIGHT, status: undefined })), /must have .*'status'/],
    ['has a wrong type', answering(401, JSON.stringify({ ...RIGHT, message: 1 })), /the body.message must be string/],
    ['is no JSON', answering(401, '<p>'), /Unexpected token|is not JSON/],
    ['has another media type', answering(401, '<p>', { 'Content-Type': 'text/html' }), /the media type is text\/html/],
    ['has a link that leads nowhere', answering(401, JSON.stringify(RIGHT), { Link: 'help' }), /does not lead to help/],
  ])('an answer that %s', async (_, app, violation) => {
    const outcome = apiOf(app).call('listMcpServers');
    if (violation === null) {
      expect((await outcome).status).toBe(401);
    } else {
      await expect(outcome).rejects.toThrow(violation);
    }
  });

  test('the error says what was asked, and has the answer', async () => {
    const error = await apiOf(answering(202, '{}'))
      .call('listMcpServers')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AnswerBroken);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^GET \/api\/mcp-servers answered 202, and breaks the document: /),
      violations: [expect.any(String)],
      answer: { status: 202, text: '{}' },
    });
  });
});
