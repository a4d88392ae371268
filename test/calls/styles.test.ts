import { describe, expect, test } from 'vitest';
import { toolOf } from '../tools/support/documents.ts';
import { callerOf, sharedEgress, textOf } from './support/calls.ts';
import { startService } from './support/service.ts';

const service = await startService();
const egress = sharedEgress();
const call = callerOf(egress, `${service.url}/base`);

const array = ['blue', 'black', 'brown'];
const object = { R: 100, G: 200, B: 150 };

/** One parameter `color` in a place; what came over the wire. */
async function sent(path: string, parameter: object, value: unknown) {
  const tool = toolOf('get', path, { parameters: [{ name: 'color', schema: {}, ...parameter }] });
  const { result } = await call(tool, { color: value });
  expect(textOf(result)).toBe(`${service.host} answered 204 No Content without content.`);
  expect(service.received).toHaveLength(1);
  const [received] = service.received;
  return { url: received?.url ?? '', headers: received?.headers ?? {} };
}

type Row = [style: string, explode: boolean, value: unknown, expected: string];

// The table of OpenAPI 3.1.1, section 4.8.12.6, which is RFC 6570 with {;color}, {.color}, {color}, {?color} and `*`.
describe('path', () => {
  test.each<Row>([
    ['matrix', false, 'blue', ';color=blue'],
    ['matrix', false, array, ';color=blue,black,brown'],
    ['matrix', false, object, ';color=R,100,G,200,B,150'],
    ['matrix', true, 'blue', ';color=blue'],
    ['matrix', true, array, ';color=blue;color=black;color=brown'],
    ['matrix', true, object, ';R=100;G=200;B=150'],
    ['label', false, 'blue', '.blue'],
    ['label', false, array, '.blue,black,brown'],
    ['label', false, object, '.R,100,G,200,B,150'],
    ['label', true, 'blue', '.blue'],
    ['label', true, array, '.blue.black.brown'],
    ['label', true, object, '.R=100.G=200.B=150'],
    ['simple', false, 'blue', 'blue'],
    ['simple', false, array, 'blue,black,brown'],
    ['simple', false, object, 'R,100,G,200,B,150'],
    ['simple', true, 'blue', 'blue'],
    ['simple', true, array, 'blue,black,brown'],
    ['simple', true, object, 'R=100,G=200,B=150'],
    ['simple', false, 0, '0'],
    ['simple', false, false, 'false'],
    ['simple', false, -1.5e-7, '-1.5e-7'],
    ['simple', false, 'a b,c;d=e&f+g', 'a%20b%2Cc%3Bd%3De%26f%2Bg'],
    ['simple', false, ["it's", '(!*)'], 'it%27s,%28%21%2A%29'],
    ['simple', false, 'ü€😀', '%C3%BC%E2%82%AC%F0%9F%98%80'],
    ['simple', false, '-_.~', '-_.~'],
    ['simple', false, ['a', null, 'b'], 'a,b'],
  ])('%s, explode %j: %j is %s', async (style, explode, value, expected) => {
    const { url } = await sent('/things/{color}/end', { in: 'path', required: true, style, explode }, value);
    expect(url).toBe(`/base/things/${expected}/end`);
  });

  test('a value in JSON', async () => {
    const content = { 'application/json': { schema: {} } };
    const { url } = await sent(
      '/things/{color}',
      { in: 'path', required: true, schema: undefined, content },
      { a: [1] },
    );
    expect(url).toBe('/base/things/%7B%22a%22%3A%5B1%5D%7D');
  });
});

describe('query', () => {
  test.each<Row>([
    ['form', false, '', 'color='],
    ['form', false, 'blue', 'color=blue'],
    ['form', false, array, 'color=blue,black,brown'],
    ['form', false, object, 'color=R,100,G,200,B,150'],
    ['form', true, '', 'color='],
    ['form', true, 'blue', 'color=blue'],
    ['form', true, array, 'color=blue&color=black&color=brown'],
    ['form', true, object, 'R=100&G=200&B=150'],
    ['spaceDelimited', false, array, 'color=blue%20black%20brown'],
    ['spaceDelimited', false, object, 'color=R%20100%20G%20200%20B%20150'],
    ['spaceDelimited', true, array, 'color=blue&color=black&color=brown'],
    ['pipeDelimited', false, array, 'color=blue%7Cblack%7Cbrown'],
    ['pipeDelimited', false, object, 'color=R%7C100%7CG%7C200%7CB%7C150'],
    ['pipeDelimited', true, array, 'color=blue&color=black&color=brown'],
    ['deepObject', true, object, 'color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150'],
    [
      'deepObject',
      true,
      { a: { b: 'x' }, c: [1, { d: 2 }] },
      'color%5Ba%5D%5Bb%5D=x&color%5Bc%5D%5B0%5D=1&color%5Bc%5D%5B1%5D%5Bd%5D=2',
    ],
    ['deepObject', true, ['a', 'b'], 'color%5B0%5D=a&color%5B1%5D=b'],
    ['form', true, ['a,b', 'c&d=e#f'], 'color=a%2Cb&color=c%26d%3De%23f'],
    ['form', false, ['a,b', 'c'], 'color=a%2Cb,c'],
    ['form', true, { 'a&b=': 'c&d' }, 'a%26b%3D=c%26d'],
    ['form', true, { a: { b: 1 } }, 'a=%7B%22b%22%3A1%7D'],
    ['form', true, true, 'color=true'],
    ['form', true, 12.5, 'color=12.5'],
  ])('%s, explode %j: %j is %s', async (style, explode, value, expected) => {
    const { url } = await sent('/things', { in: 'query', style, explode }, value);
    expect(url).toBe(`/base/things?${expected}`);
  });

  test.each([[null], [[]], [{}], [[null]], [{ a: null }]])('%j is left out', async (value) => {
    const { url } = await sent('/things', { in: 'query' }, value);
    expect(url).toBe('/base/things');
  });

  test.each([
    ['/a:b@c?d,e!f$g', '/a:b@c?d,e!f$g'],
    ['(*)=', '(*)='],
    // These would be another parameter, a space, a fragment, or no URL at all.
    ['a&b;c+d#e[f]', 'a%26b%3Bc%2Bd%23e%5Bf%5D'],
    ['100% %2F "ü"', '100%25%20%252F%20%22%C3%BC%22'],
  ])('allowReserved: %s', async (value, expected) => {
    const { url } = await sent('/things', { in: 'query', allowReserved: true }, value);
    expect(url).toBe(`/base/things?color=${expected}`);
  });

  test.each([
    ['application/json', { a: ['ü', 1] }, '%7B%22a%22%3A%5B%22%C3%BC%22%2C1%5D%7D'],
    ['application/json', 'text', '%22text%22'],
    ['text/plain', 'a b', 'a%20b'],
  ])('content %s', async (mediaType, value, expected) => {
    const { url } = await sent('/things', { in: 'query', schema: undefined, content: { [mediaType]: {} } }, value);
    expect(url).toBe(`/base/things?color=${expected}`);
  });

  test('names with special characters are encoded', async () => {
    const names = ['$filter', 'page[size]', 'a b&c=d', 'x+y'];
    const parameters = names.map((name) => ({ in: 'query', name, schema: { type: 'string' } }));
    const tool = toolOf('get', '/things', { parameters });
    const args = Object.fromEntries(Object.keys(tool.inputSchema.properties as object).map((name) => [name, name]));
    await call(tool, args);
    const url = new URL(service.received[0]?.url ?? '', service.url);
    expect([...url.searchParams.keys()]).toEqual(names);
    expect(service.received[0]?.url).toContain('$filter=');
  });

  test('the query of the base URL comes first', async () => {
    const tool = toolOf('get', '/things', { parameters: [{ in: 'query', name: 'color', schema: {} }] });
    await callerOf(egress, `${service.url}/base/?v=1#top`)(tool, { color: 'blue' });
    expect(service.received[0]?.url).toBe('/base/things?v=1&color=blue');
  });
});

describe('header', () => {
  test.each<Row>([
    ['simple', false, 'blue', 'blue'],
    ['simple', false, array, 'blue,black,brown'],
    ['simple', false, object, 'R,100,G,200,B,150'],
    ['simple', true, array, 'blue,black,brown'],
    ['simple', true, object, 'R=100,G=200,B=150'],
    ['simple', false, 'W/"a b"; q=1', 'W/"a b"; q=1'],
    ['simple', false, 7, '7'],
  ])('%s, explode %j: %j is %s', async (style, explode, value, expected) => {
    const { headers } = await sent('/things', { in: 'header', style, explode }, value);
    expect(headers.color).toBe(expected);
  });

  test('JSON in ASCII', async () => {
    const content = { 'application/json': {} };
    const { headers } = await sent('/things', { in: 'header', schema: undefined, content }, { path: '/ü😀\n' });
    expect(headers.color).toBe('{"path":"/\\u00fc\\ud83d\\ude00\\n"}');
    expect(JSON.parse(String(headers.color))).toEqual({ path: '/ü😀\n' });
  });
});

describe('cookie', () => {
  test.each<[boolean, unknown, string]>([
    [true, 'blue', 'color=blue'],
    [false, array, 'color=blue,black,brown'],
    [false, object, 'color=R,100,G,200,B,150'],
    [true, array, 'color=blue; color=black; color=brown'],
    [true, object, 'R=100; G=200; B=150'],
    [true, 'a; admin=true', 'color=a%3B%20admin%3Dtrue'],
    [true, { 'a; b=': 'c' }, 'a%3B%20b%3D=c'],
  ])('form, explode %j: %j is %s', async (explode, value, expected) => {
    const { headers } = await sent('/things', { in: 'cookie', style: 'form', explode }, value);
    expect(headers.cookie).toBe(expected);
  });
});

test('numbers keep their digits in every part of the request', async () => {
  const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
  const places = ['path', 'query', 'header', 'cookie'];
  const tool = toolOf('post', '/things/{path}', {
    parameters: places.map((place) => ({ in: place, name: place, required: true, schema: { type: 'integer' } })),
    requestBody: { content: { 'application/json': { schema: { type: 'object', properties: { body: {} } } } } },
  });
  await call(tool, Object.fromEntries([...places, 'body'].map((place) => [place, rawJSON('9007199254740993')])));
  const [received] = service.received;
  expect(received?.url).toBe('/base/things/9007199254740993?query=9007199254740993');
  expect(received?.headers).toMatchObject({ header: '9007199254740993', cookie: 'cookie=9007199254740993' });
  expect(received?.body.toString()).toBe('{"body":9007199254740993}');
});
