import { createHash } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { Unparsed, writeJson } from '../../src/base/unparsed.ts';
import { jsonAnswer, toolOf } from '../tools/support/documents.ts';
import { callerOf, sharedEgress, textOf } from './support/calls.ts';
import { answering, answeringJson, startService } from './support/service.ts';

const service = await startService();
const call = callerOf(sharedEgress(), service.url);
const tool = toolOf('get', '/things', {});
const shaped = toolOf('get', '/things', { responses: { 200: jsonAnswer({ type: 'object', properties: { id: {} } }) } });

describe('JSON', () => {
  it('becomes unchanged text, and structured content if the document describes it', async () => {
    const text = '{ "id": 12345678901234567890, "exact":1.10, "e":1e400, "a":[9007199254740993, -9007199254740992] }';
    service.answer = answeringJson(text);
    const { result } = await call(shaped, {});
    expect(result.content).toEqual([{ type: 'text', text }]);
    expect(JSON.stringify(result.structuredContent)).toBe(
      '{"id":12345678901234567890,"exact":1.1,"e":1e400,"a":[9007199254740993,-9007199254740992]}',
    );
    expect((await call(tool, {})).result).toEqual({ content: [{ type: 'text', text }] });
  });

  it('with many values is written unchanged, without parsing', async () => {
    const text = `{ "id": 1.0,\n"a":[${'1,'.repeat(200_000)}12345678901234567890]}`;
    service.answer = answeringJson(text);
    const { result } = await call(shaped, {});
    expect(result.structuredContent).toBeInstanceOf(Unparsed);
    expect(writeJson(result)).toBe(
      `{"content":[{"type":"text","text":${JSON.stringify(text)}}],"structuredContent":${text.replace('\n', ' ')}}`,
    );
    service.answer = answering(500, { 'content-type': 'application/json' }, text);
    expect(JSON.parse(textOf((await call(shaped, {})).result))).toMatchObject({ statusCode: 500, raw_response: text });
  });

  test.each([['{"a":['], ['[['], ['{"a":[1,,']])(
    '%s with many values and a mistake is structured content as text',
    async (start) => {
      const text = `${start}${'1,'.repeat(200_000)}1]`;
      service.answer = answeringJson(text);
      expect((await call(shaped, {})).result).toEqual({
        content: [{ type: 'text', text }],
        structuredContent: { result: text },
      });
    },
  );

  it('with many values that is no object is written unchanged, as a result', async () => {
    const text = `[${'1,'.repeat(200_000)}1.0]`;
    service.answer = answeringJson(text);
    expect(writeJson((await call(shaped, {})).result)).toBe(
      `{"content":[{"type":"text","text":"${text}"}],"structuredContent":{"result":${text}}}`,
    );
  });

  it('becomes plain data if JavaScript can represent it', async () => {
    service.answer = answeringJson('{"id":9007199254740991,"text":"1234567890123456789"}');
    const { result } = await call(shaped, {});
    expect(result.structuredContent).toEqual({ id: 9007199254740991, text: '1234567890123456789' });
  });

  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  test.each<[string, unknown]>([
    ['[1]', [1]],
    ['null', null],
    ['"a"', 'a'],
    ['{"a":', '{"a":'],
    [deep, deep],
  ])('%.20s is structured content as a result, because MCP requires an object', async (text, value) => {
    service.answer = answeringJson(text);
    const content = [{ type: 'text', text }];
    expect((await call(shaped, {})).result).toEqual({ content, structuredContent: { result: value } });
    expect((await call(tool, {})).result).toEqual({ content });
  });

  it('keeps members with any name', async () => {
    service.answer = answeringJson('{"__proto__":{"a":1},"constructor":2}');
    const { result } = await call(shaped, {});
    expect(JSON.stringify(result.structuredContent)).toBe('{"__proto__":{"a":1},"constructor":2}');
  });
});

describe('text', () => {
  test.each<[string | undefined, string | Buffer, string]>([
    ['text/plain', 'ü', 'ü'],
    ['text/html; charset=ISO-8859-1', Buffer.from([0xfc]), 'ü'],
    ['text/csv; header=present; charset="utf-16le"', Buffer.from('ü', 'utf16le'), 'ü'],
    ['text/plain; charset=unheard-of', 'ü', 'ü'],
    ['application/xml', '<a/>', '<a/>'],
    ['application/problem+json', '{}', '{}'],
    ['APPLICATION/JSON', '{}', '{}'],
    ['application/yaml', 'a: 1', 'a: 1'],
    ['image/svg+xml', '<svg/>', '<svg/>'],
    ['application/x-ndjson', '{}\n{}', '{}\n{}'],
    ['application/vnd.acme; charset=utf-8', 'ü', 'ü'],
    [undefined, 'ü', 'ü'],
  ])('%s', async (type, body, expected) => {
    service.answer = answering(200, type === undefined ? {} : { 'content-type': type }, body);
    const content = [{ type: 'text', text: expected }];
    expect((await call(tool, {})).result).toEqual({ content });
    const structuredContent = expected === '{}' ? {} : { result: expected };
    expect((await call(shaped, {})).result).toEqual({ content, structuredContent });
  });

  test.each([
    [200, '200 OK'],
    [202, '202 Accepted'],
    [204, '204 No Content'],
    [299, '299'],
  ])('an empty body gives the status %i only', async (status, said) => {
    service.answer = answering(status, { 'content-type': 'application/json' });
    expect((await call(shaped, {})).result).toEqual({
      content: [{ type: 'text', text: `${service.host} answered ${said} without content.` }],
      structuredContent: {},
    });
  });

  it('a HEAD gives the headers only', async () => {
    service.answer = answering(200, {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-length': '100',
    });
    const { result } = await call(toolOf('head', '/things', {}), {});
    expect(textOf(result)).toBe(`${service.host} answered 200 OK without content.`);
  });
});

describe('bytes', () => {
  const bytes = Buffer.from([0xff, 0, 1, 2]);
  const blob = bytes.toString('base64');

  it('of an image become an image', async () => {
    service.answer = answering(200, { 'content-type': 'image/PNG; q=1' }, bytes);
    const content = [{ type: 'image', data: blob, mimeType: 'image/png' }];
    expect((await call(tool, {})).result).toEqual({ content });
    const structuredContent = { result: { mimeType: 'image/png', size: 4 } };
    expect((await call(shaped, {})).result).toEqual({ content, structuredContent });
  });

  test.each([
    ['application/pdf', 'application/pdf'],
    ['audio/mpeg', 'audio/mpeg'],
    ['application/octet-stream', 'application/octet-stream'],
    [undefined, 'application/octet-stream'],
  ])('of %s become a resource', async (type, mimeType) => {
    service.answer = answering(200, type === undefined ? {} : { 'content-type': type }, bytes);
    const uri = `ni:///sha-256;${createHash('sha256').update(bytes).digest('base64url')}`;
    const { result } = await call(shaped, {});
    expect(result).toEqual({
      content: [{ type: 'resource', resource: { uri, mimeType, blob } }],
      structuredContent: { result: { mimeType, size: 4 } },
    });
    expect(URL.canParse(uri)).toBe(true);
  });
});

describe('content codings', () => {
  const text = '{"id":"ü"}';

  test.each<[string, (text: string) => Buffer]>([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', Buffer.from],
  ])('%s', async (coding, encode) => {
    service.answer = answering(200, { 'content-type': 'application/json', 'content-encoding': coding }, encode(text));
    expect(textOf((await call(tool, {})).result)).toBe(text);
  });

  test.each<[string, Buffer]>([
    ['compress', Buffer.from('x')],
    ['zstd', Buffer.from('x')],
    ['gzip, br', Buffer.from('x')],
    ['constructor', Buffer.from('x')],
    ['gzip', Buffer.from('no gzip')],
    ['gzip', gzipSync(text).subarray(0, -4)],
  ])('refuses %s that cannot be decoded', async (coding, body) => {
    service.answer = answering(200, { 'content-encoding': coding }, body);
    const { result } = await call(tool, {});
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe(
      `${service.host} answered in a Content-Encoding that cannot be read; the call was carried out.`,
    );
  });
});

describe('errors', () => {
  test.each<[number, string, string, unknown, string]>([
    [400, 'application/json', '{"error":{"id":9007199254740993}}', undefined, '400 Bad Request.'],
    [404, 'text/html', '<h1>No</h1>', '<h1>No</h1>', '404 Not Found.'],
    [409, 'application/json', '{"a":', '{"a":', '409 Conflict.'],
    [500, 'text/plain', '', '', '500 Internal Server Error.'],
    [502, 'image/png', '\0ab', '3 bytes that are no text', '502 Bad Gateway.'],
    [599, 'application/json', 'null', 'null', '599.'],
    [301, 'text/plain', 'moved', 'moved', '301 Moved Permanently.'],
    [304, 'text/plain', '', '', '304 Not Modified.'],
  ])('%i %s', async (status, type, body, raw, said) => {
    service.answer = answering(status, { 'content-type': type, 'retry-after': '7' }, body);
    const { result } = await call(shaped, {});
    expect(result.isError).toBe(true);
    expect(result.structuredContent).toBeUndefined();
    const text = textOf(result);
    if (raw === undefined) {
      expect(text).toContain(`"raw_response":${body}`);
    } else {
      expect(JSON.parse(text)).toEqual({
        statusCode: status,
        message: `${service.host} answered ${said}`,
        truto_is_remote_error: true,
        raw_response: raw,
      });
    }
  });

  it('a 429 reports the limits of the service', async () => {
    const headers = {
      'content-type': 'application/json',
      'retry-after': '30',
      'ratelimit-limit': '100',
      'x-ratelimit-limit': '99',
      'X-RateLimit-Remaining': '0',
      'ratelimit-reset': ['5', '6'],
      ratelimit: '"default";r=0',
      'x-other': 'no',
    };
    service.answer = answering(429, headers, '{"slow":"down"}');
    expect(JSON.parse(textOf((await call(tool, {})).result))).toEqual({
      statusCode: 429,
      message: `${service.host} answered 429 Too Many Requests.`,
      truto_is_remote_error: true,
      raw_response: { slow: 'down' },
      'retry-after': '30',
      'ratelimit-limit': '100',
      'ratelimit-remaining': '0',
      'ratelimit-reset': '5, 6',
      ratelimit: '"default";r=0',
    });
    expect(service.received).toHaveLength(1);
  });
});
