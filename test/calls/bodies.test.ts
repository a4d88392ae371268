import { describe, expect, it, test } from 'vitest';
import type { Arguments } from '../../src/calls/types.ts';
import { jsonBody, toolOf } from '../tools/support/documents.ts';
import { callerOf, NOBODY, sharedEgress, textOf } from './support/calls.ts';
import { startService } from './support/service.ts';

const service = await startService();
const call = callerOf(sharedEgress(), service.url);

const ANY = {};
const body = (mediaType: string, media: object, required = true) => ({
  requestBody: { required, content: { [mediaType]: media } },
});
const post = (operation: object) => toolOf('post', '/things', operation);

/** What arrives when a tool is called. */
async function sent(operation: object, args: Arguments) {
  const { result } = await call(post(operation), args);
  expect(result.isError, JSON.stringify(result)).toBeUndefined();
  const [received] = service.received;
  return { type: received?.headers['content-type'], text: received?.body.toString() ?? '', received };
}

/** Why a tool cannot be called. Nothing was sent. */
async function refused(operation: object, args: Arguments): Promise<string> {
  const { result } = await call(post(operation), args);
  expect(result.isError).toBe(true);
  expect(service.received).toEqual([]);
  return textOf(result);
}

describe('JSON', () => {
  const PERSON = { type: 'object', properties: { 'full name': ANY, age: ANY } };
  const CLOSED = { ...PERSON, additionalProperties: false };
  const NAMED = { ...PERSON, required: ['full name', 'age'] };

  test.each<[string, object, Arguments, string]>([
    ['members under their own names', jsonBody(PERSON), { full_name: 'ü', age: 3 }, '{"full name":"ü","age":3}'],
    ['null is a value', jsonBody(PERSON), { age: null }, '{"age":null}'],
    ['none given, but required', jsonBody(PERSON), {}, '{}'],
    [
      'rest, also where the document does not speak of it',
      jsonBody(PERSON),
      { age: 1, more: { a: [] }, _x: 0 },
      '{"age":1,"more":{"a":[]},"_x":0}',
    ],
    ['a list', jsonBody({ type: 'array' }), { body: [1, 'a', null] }, '[1,"a",null]'],
    ['a text', jsonBody({ type: 'string' }), { body: 'a"b' }, '"a\\"b"'],
    ['nothing', jsonBody({}), { body: null }, 'null'],
  ])('%s', async (_, operation, args, expected) => {
    expect(await sent(operation, args)).toMatchObject({ type: 'application/json', text: expected });
  });

  it('has the documented media type, or a concrete one for a range', async () => {
    expect(await sent(body('application/vnd.acme+json; v=1', { schema: PERSON }), { age: 1 })).toMatchObject({
      type: 'application/vnd.acme+json; v=1',
    });
    service.reset();
    expect(await sent(body('*/*', { schema: PERSON }), { age: 1 })).toMatchObject({ type: 'application/json' });
  });

  it('accepts member names of the prototype', async () => {
    const args = JSON.parse('{"__proto__":{"a":1},"constructor":2}') as Arguments;
    const { text } = await sent(jsonBody({ ...PERSON, additionalProperties: true }), args);
    expect(text).toBe('{"__proto__":{"a":1},"constructor":2}');
  });

  it('is left out if it is optional and no argument is given', async () => {
    const { type, received } = await sent(jsonBody(PERSON, false), {});
    expect({ type, length: received?.headers['content-length'] }).toEqual({ type: undefined, length: '0' });
    service.reset();
    expect((await sent(jsonBody({ type: 'array' }, false), {})).type).toBeUndefined();
  });

  test.each<[string, object, Arguments, string]>([
    ['unknown', jsonBody(CLOSED), { admin: true }, 'There is no argument "admin".'],
    ['unknown, without a body', {}, { admin: true }, 'There is no argument "admin".'],
    ['unknown, with a root body', jsonBody({ type: 'array' }), { body: [], x: 1 }, 'There is no argument "x".'],
    ['inherited', jsonBody(CLOSED), JSON.parse('{"__proto__":1}'), 'There is no argument "__proto__".'],
    [
      'a member under its own name, past its schema',
      jsonBody({ ...PERSON, additionalProperties: true }),
      { 'full name': 'x' },
      'There is no argument "full name": it is called "full_name".',
    ],
    ['missing', jsonBody({ type: 'array' }), {}, 'The argument "body" is required.'],
    ['a member missing', jsonBody(NAMED), { age: 1 }, 'The argument "full_name" is required.'],
    ['members missing', jsonBody(NAMED), { x: 1 }, 'The arguments "full_name", "age" are required.'],
    [
      'members missing in an optional body',
      jsonBody(NAMED, false),
      { x: 1 },
      'The arguments "full_name", "age" are required.',
    ],
  ])('refused: %s', async (_, operation, args, message) => {
    expect(await refused(operation, args)).toBe(message);
  });

  it('is not nested beyond the maximum', async () => {
    const args = { body: JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) };
    expect(await refused(jsonBody({ type: 'array' }), args)).toBe('The arguments are nested too deeply.');
  });
});

describe('arguments that are missing are named before anything is sent', () => {
  const parameters = ['a', 'b', 'c'].map((name) => ({ in: 'query', name, required: name !== 'c', schema: {} }));

  test.each<[Arguments, string]>([
    [{}, 'The arguments "a", "b" are required.'],
    [{ a: 1, b: null, c: null }, 'The argument "b" is required.'],
    [{ a: '', c: 1 }, 'The argument "b" is required.'],
  ])('%j', async (args, message) => {
    expect(await refused({ parameters }, args)).toBe(message);
  });

  it('also before a token is asked for', async () => {
    const account = { ...NOBODY, authenticationMethod: 'oauth2_client_credentials' as const, context: {} };
    const { result } = await call(post({ parameters }), {}, { account });
    expect(textOf(result)).toBe('The arguments "a", "b" are required.');
  });
});

describe('form', () => {
  const TYPE = 'application/x-www-form-urlencoded';
  const form = (properties: object, encoding: object = {}, rest: object = {}) =>
    body(TYPE, { schema: { type: 'object', properties, ...rest }, encoding });
  const held = (schema: object, required = true) => body(TYPE, { schema }, required);

  test.each<[string, object, Arguments, string]>([
    ['texts', form({ a: ANY, 'b c': ANY }), { a: 'x y&z=ü', b_c: '+' }, 'a=x%20y%26z%3D%C3%BC&b%20c=%2B'],
    ['numbers and truth', form({ a: ANY, b: ANY }), { a: 1, b: false }, 'a=1&b=false'],
    ['lists explode', form({ a: ANY }), { a: [1, 2] }, 'a=1&a=2'],
    [
      'objects are JSON',
      form({ a: ANY }),
      { a: { b: 1 }, r: { c: 'x' } },
      'a=%7B%22b%22%3A1%7D&r=%7B%22c%22%3A%22x%22%7D',
    ],
    ['lists of objects', form({ a: ANY }), { a: [{ b: 1 }, { b: 2 }] }, 'a=%7B%22b%22%3A1%7D&a=%7B%22b%22%3A2%7D'],
    ['objects with a style', form({ a: ANY }, { a: { style: 'form' } }), { a: { b: 1, c: 'x' } }, 'b=1&c=x'],
    [
      'one argument',
      held({ oneOf: [{ properties: { a: ANY } }] }),
      { body: { a: 1, z: { b: 2 } } },
      'a=1&z=%7B%22b%22%3A2%7D',
    ],
    ['null is left out', form({ a: ANY, b: ANY }), { a: null, b: '' }, 'b='],
    ['a style', form({ a: ANY }, { a: { style: 'deepObject', explode: true } }), { a: { b: 1 } }, 'a%5Bb%5D=1'],
    ['a list in one', form({ a: ANY }, { a: { explode: false } }), { a: ['x', 'y,z'] }, 'a=x,y%2Cz'],
    ['pipes', form({ a: ANY }, { a: { style: 'pipeDelimited' } }), { a: ['x', 'y'] }, 'a=x%7Cy'],
    ['reserved', form({ a: ANY }, { a: { allowReserved: true } }), { a: '/a?b:c&d' }, 'a=/a?b:c%26d'],
    ['a media type', form({ a: ANY }, { a: { contentType: 'application/json' } }), { a: [1] }, 'a=%5B1%5D'],
    ['rest', form({ a: ANY }, {}, { additionalProperties: true }), { a: 1, b: [2, 3] }, 'a=1&b=2&b=3'],
    ['nothing', form({ a: ANY }), {}, ''],
  ])('%s', async (_, operation, args, expected) => {
    expect(await sent(operation, args)).toMatchObject({ type: TYPE, text: expected });
  });

  it('refuses unknown arguments of a closed form', async () => {
    const closed = form({ a: ANY }, {}, { additionalProperties: false });
    expect(await refused(closed, { b: 1 })).toBe('There is no argument "b".');
  });

  it('held by one argument is an object, and may be left out if it is optional', async () => {
    expect(await refused(held({}), {})).toBe('The argument "body" is required.');
    expect(await refused(held({}), { body: [1] })).toBe(
      'The argument "body" must be an object: its members are the form.',
    );
    expect(await refused(held({}), { body: {}, a: 1 })).toBe('There is no argument "a".');
    expect(await sent(held({}, false), {})).toMatchObject({ type: undefined, text: '' });
  });
});

describe('multipart', () => {
  const bytes = Buffer.from([0, 13, 10, 45, 45, 255, 128]);
  const binary = { type: 'string', format: 'binary' };
  const multipart = (properties: object, encoding: object = {}) =>
    body('multipart/form-data', { schema: { type: 'object', properties }, encoding });

  /** Reads the body with a parser that has nothing to do with how it was written. */
  async function parsed(operation: object, args: Arguments): Promise<FormData> {
    const { type = '', received } = await sent(operation, args);
    return new Response(new Uint8Array(received?.body ?? []), { headers: { 'content-type': type } }).formData();
  }

  it('contains texts, JSON and files', async () => {
    const operation = multipart(
      { title: { type: 'string' }, count: { type: 'integer' }, meta: { type: 'object' }, file: binary, photo: binary },
      { photo: { contentType: 'image/png' } },
    );
    const form = await parsed(operation, {
      title: 'ü\r\n--x',
      count: 3,
      meta: { a: ['é'] },
      file: bytes.toString('base64'),
      photo: bytes.toString('base64'),
    });
    expect(form.get('title')).toBe('ü\r\n--x');
    expect(form.get('count')).toBe('3');
    expect(form.get('meta')).toBe('{"a":["é"]}');
    for (const [name, type] of [
      ['file', 'application/octet-stream'],
      ['photo', 'image/png'],
    ] as const) {
      const file = form.get(name) as File;
      expect({ name: file.name, type: file.type }).toEqual({ name, type });
      expect(Buffer.from(await file.arrayBuffer())).toEqual(bytes);
    }
  });

  it('contains one part for each item of a list', async () => {
    const operation = multipart({
      files: { type: 'array', items: binary },
      tags: { type: 'array', items: { type: 'string' } },
      rows: { type: 'array', items: { type: 'object' } },
    });
    const form = await parsed(operation, { files: ['AAA=', ''], tags: ['a', 'b'], rows: [{ a: 1 }] });
    expect(form.getAll('files').map((file) => (file as File).size)).toEqual([2, 0]);
    expect(form.getAll('tags')).toEqual(['a', 'b']);
    expect(form.getAll('rows')).toEqual(['{"a":1}']);
  });

  it('contains members that the document does not name, and those of one argument', async () => {
    const args = { title: 'a', more: ['b', 2], meta: { c: 1 }, none: null };
    const alternatives = { oneOf: [{ properties: { file: binary } }, { properties: { link: ANY } }] };
    const held = body('multipart/form-data', { schema: alternatives });
    for (const form of [
      await parsed(multipart({ title: { type: 'string' }, file: binary }), { ...args, file: 'AAA=' }),
      await parsed(held, { body: { ...args, file: 'AAA=' } }),
    ]) {
      service.reset();
      expect([form.get('title'), form.getAll('more'), form.get('meta'), form.has('none')]).toEqual([
        'a',
        ['b', '2'],
        '{"c":1}',
        false,
      ]);
      expect((form.get('file') as File).size).toBe(2);
    }
  });

  it('that is nothing but a file has one part', async () => {
    const form = await parsed(body('multipart/form-data', { schema: { type: 'file' } }), { file: 'AAA=' });
    expect((form.get('file') as File).size).toBe(2);
  });

  it('gives the media type of each part', async () => {
    const operation = multipart({ 'a"b\r\nc': { type: 'string' }, meta: { type: 'object' }, file: binary });
    const { text } = await sent(operation, { a_b_c: 'x', meta: {}, file: 'AAAA' });
    expect(text.split('\r\n').filter((line) => line.startsWith('Content-'))).toEqual([
      'Content-Disposition: form-data; name="a%22b%0D%0Ac"',
      'Content-Disposition: form-data; name="meta"',
      'Content-Type: application/json',
      'Content-Disposition: form-data; name="file"; filename="file"',
      'Content-Type: application/octet-stream',
    ]);
  });

  it('has a boundary that no argument contains', async () => {
    const operation = multipart({ a: { type: 'string' }, b: { type: 'string' } });
    const { type = '' } = await sent(operation, { a: '1', b: '2' });
    const boundary = type.split('boundary=')[1];
    service.reset();
    const injected = `x\r\n--${boundary}\r\nContent-Disposition: form-data; name="admin"\r\n\r\ntrue`;
    const form = await parsed(operation, { a: injected, b: '2' });
    expect([...form.keys()]).toEqual(['a', 'b']);
    expect(form.get('a')).toBe(injected);
  });

  it('leaves out null arguments', async () => {
    const operation = multipart({ a: { type: 'string' }, b: { type: 'string' } });
    const form = await parsed(operation, { a: null, b: 'x' });
    expect([...form]).toEqual([['b', 'x']]);
  });

  test.each([['not base64!'], ['AAA'], ['AA=='.repeat(2)], ['A-_A'], [' AAAA'], [5], [{}]])(
    'refuses %j as base64',
    async (value) => {
      expect(await refused(multipart({ file: binary }), { file: value })).toBe(
        'The argument "file" must be base64 (RFC 4648, section 4).',
      );
    },
  );
});

describe('one argument is the body', () => {
  test.each<[string, unknown, string, Buffer]>([
    ['text/plain', 'ü', 'text/plain', Buffer.from('ü')],
    ['application/xml', '<a/>', 'application/xml', Buffer.from('<a/>')],
    ['text/*', 'a', 'text/plain', Buffer.from('a')],
    ['application/octet-stream', '/wA=', 'application/octet-stream', Buffer.from([255, 0])],
    ['image/png', '/wA=', 'image/png', Buffer.from([255, 0])],
    ['image/*', '/wA=', 'application/octet-stream', Buffer.from([255, 0])],
    ['application/pdf', '', 'application/pdf', Buffer.alloc(0)],
  ])('%s: %j', async (mediaType, value, type, expected) => {
    const { received } = await sent(body(mediaType, { schema: {} }), { body: value });
    expect(received?.headers['content-type']).toBe(type);
    expect(received?.body).toEqual(expected);
  });

  test.each<[string, Arguments, string]>([
    ['text/plain', { body: 5 }, 'The argument "body" must be a string.'],
    ['text/plain', {}, 'The argument "body" is required.'],
    ['image/png', { body: '%%%' }, 'The argument "body" must be base64 (RFC 4648, section 4).'],
    ['image/png', { body: null }, 'The argument "body" must be base64 (RFC 4648, section 4).'],
  ])('%s with %j is refused', async (mediaType, args, message) => {
    expect(await refused(body(mediaType, { schema: {} }), args)).toBe(message);
  });
});

test('the method is the verb of the operation', async () => {
  const verbs = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options', 'trace'];
  for (const verb of verbs) {
    const { result } = await call(toolOf(verb, '/things', {}), {});
    expect(textOf(result)).toBe(`${service.host} answered 204 No Content without content.`);
  }
  expect(service.received.map(({ method }) => method.toLowerCase())).toEqual(verbs);
});
