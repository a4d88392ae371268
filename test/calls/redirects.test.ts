import { describe, expect, it, test } from 'vitest';
import { jsonAnswer, toolOf } from '../tools/support/documents.ts';
import { callerOf, NOBODY, sharedEgress, textOf } from './support/calls.ts';
import { answering, answeringJson, startService } from './support/service.ts';

const TOKEN = 'the-secret-token';
const account = { ...NOBODY, authenticationMethod: 'bearer' as const, context: { token: TOKEN } };
const service = await startService();
const other = await startService();
const call = callerOf(sharedEgress(), service.url);

const header = { name: 'X-Mine', in: 'header', schema: { type: 'string' } };
/** An operation whose document lists redirects, and an object as its other answer. */
const documented = (method: string, ...statuses: string[]) =>
  toolOf(method, '/files', {
    parameters: [header],
    responses: {
      200: jsonAnswer({ type: 'object', properties: { a: {} } }),
      ...Object.fromEntries(statuses.map((status) => [status, { description: 'elsewhere' }])),
    },
  });
const found = documented('get', '302');
const linked = (uri: string, name: string, said = `${service.host} answered 302 Found`) => ({
  content: [
    { type: 'text', text: `${said}: the resource is at ${uri}` },
    { type: 'resource_link', uri, name },
  ],
  structuredContent: { result: uri },
});

describe('a redirect that the document lists', () => {
  test.each([[301], [302], [303], [307], [308]])('%i of a GET is followed', async (status) => {
    service.answer = answering(status, { location: `${other.url}/f?sig=1#part` }, 'moved');
    other.answer = answeringJson('{"a":1}');
    for (const tool of [documented('get', String(status)), documented('get', '3XX')]) {
      const { result, credentialsRefused } = await call(tool, {}, { account });
      expect(result).toEqual({ content: [{ type: 'text', text: '{"a":1}' }], structuredContent: { a: 1 } });
      expect(credentialsRefused).toBe(false);
    }
    expect(other.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /f?sig=1', 'GET /f?sig=1']);
  });

  it('takes credentials and headers of arguments along within the origin, and nowhere else', async () => {
    service.answer = ({ url }, response) =>
      url === '/files'
        ? response.writeHead(302, { location: 'here' }).end()
        : response.writeHead(307, { location: url === '/here' ? `${other.url}/there` : '/at-last' }).end();
    other.answer = answering(302, { location: `${service.url}/back` });
    await call(found, { 'X-Mine': 'mine' }, { account });
    const sent = (received: typeof service.received) =>
      received.map(({ url, headers }) => [url, headers.authorization, headers['x-mine']]);
    expect(sent(service.received)).toEqual([
      ['/files', `Bearer ${TOKEN}`, 'mine'],
      ['/here', `Bearer ${TOKEN}`, 'mine'],
      ['/back', undefined, undefined],
      ['/at-last', undefined, undefined],
      ['/at-last', undefined, undefined],
    ]);
    expect(sent(other.received)).toEqual([['/there', undefined, undefined]]);
  });

  it('that goes round in a circle ends as a link', async () => {
    service.answer = answering(302, { location: '/again' });
    expect((await call(found, {})).result).toEqual(linked(`${service.url}/again`, 'again'));
    expect(service.received).toHaveLength(6);
  });

  it('leads to an error of somebody else, which is not about the credentials', async () => {
    service.answer = answering(302, { location: other.url });
    other.answer = answering(401, {}, 'no');
    const { result, credentialsRefused } = await call(found, {}, { account });
    expect(JSON.parse(textOf(result))).toMatchObject({
      statusCode: 401,
      message: `${other.host} answered 401 Unauthorized.`,
    });
    expect(credentialsRefused).toBe(false);
    service.answer = ({ url }, response) =>
      url === '/files' ? response.writeHead(302, { location: '/x' }).end() : response.writeHead(401).end();
    expect((await call(found, {}, { account })).credentialsRefused).toBe(true);
  });

  test.each(['head', 'post', 'delete'])('of a %s is a link', async (method) => {
    service.answer = answering(303, { location: '/done/7' });
    const said = `${service.host} answered 303 See Other`;
    expect((await call(documented(method, '303'), {})).result).toEqual(linked(`${service.url}/done/7`, '7', said));
    expect(service.received).toHaveLength(1);
  });

  test.each<[string, string]>([
    ['https://169.254.169.254/latest/', 'latest'],
    ['http://127.0.0.2:1/a%20b', 'a%20b'],
    ['ftp://files.example.com/', 'files.example.com'],
    ['http://127.0.0.1:1/closed?x', 'closed'],
  ])('to where nothing may go, or nobody answers, is a link: %s', async (location, name) => {
    service.answer = answering(302, { location });
    expect((await call(found, {})).result).toEqual(linked(location, name));
  });

  it('to where calls wait for a person is a link', async () => {
    service.answer = answering(302, { location: `${other.url}/mcp` });
    const asked: object[] = [];
    const mayFollow = (sent: object) => asked.push(sent) === 0;
    expect((await call(found, {}, { account, mayFollow })).result).toEqual(linked(`${other.url}/mcp`, 'mcp'));
    expect(asked).toEqual([{ url: new URL(`${other.url}/mcp`), headers: [] }]);
    service.answer = answering(302, { location: '/mcp' });
    await call(found, {}, { account, mayFollow });
    expect(asked[1]).toEqual({ url: new URL(`${service.url}/mcp`), headers: ['authorization'] });
    expect(other.received).toEqual([]);
  });

  it('shows no credential that the service repeats', async () => {
    service.answer = answering(303, { location: `/x?key=${TOKEN}` });
    const { result } = await call(documented('post', '303'), {}, { account });
    expect(JSON.stringify(result)).not.toContain(TOKEN);
  });

  test.each<[number, Record<string, string>, string]>([
    [302, {}, '302 Found.'],
    [302, { location: 'http://[' }, '302 Found.'],
    [304, { location: '/x' }, '304 Not Modified.'],
    [307, { location: '/x' }, '307 Temporary Redirect, a redirect that the document does not list, to '],
  ])('is an error if it leads nowhere, or is another one: %i %j', async (status, headers, said) => {
    service.answer = answering(status, headers);
    const { result } = await call(found, {});
    expect(result.isError).toBe(true);
    expect(JSON.parse(textOf(result)).message).toContain(`${service.host} answered ${said}`);
    expect(service.received).toHaveLength(1);
  });

  it('keeps no more than the answer may have', async () => {
    service.answer = answering(302, { location: '/large' }, 'x'.repeat(100));
    const { result } = await call(found, {}, { maxBytes: 50 });
    expect(textOf(result)).toContain('answered more than 50 bytes');
  });
});
