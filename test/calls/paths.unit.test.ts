import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ArgumentError } from '../../src/calls/errors.ts';
import { buildRequest } from '../../src/calls/request.ts';
import { toolOf } from '../tools/support/documents.ts';

const BASE = new URL('https://service.test/v1');

/** Where a request for the path would go. */
function target(path: string, args: Record<string, unknown>, parameter: object = {}): string {
  const names = [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name);
  const parameters = names.map((name) => ({ in: 'path', name, required: true, schema: {}, ...parameter }));
  return buildRequest(toolOf('get', path, { parameters }), BASE, [], args).url;
}

describe('a value never leaves its segment', () => {
  test.each([
    ['a/b', 'a%2Fb'],
    ['a\\b', 'a%5Cb'],
    ['a?b=c', 'a%3Fb%3Dc'],
    ['a#b', 'a%23b'],
    ['a;b', 'a%3Bb'],
    ['%00', '%2500'],
    ['\0', '%00'],
    ['\r\nHost: evil.test', '%0D%0AHost%3A%20evil.test'],
    ['\t', '%09'],
    ['//evil.test', '%2F%2Fevil.test'],
    ['@evil.test', '%40evil.test'],
    [':80', '%3A80'],
    ['...', '...'],
    ['.a', '.a'],
    ['a..', 'a..'],
    ['a..b', 'a..b'],
    ['1.5;x', '1.5%3Bx'],
    ['100%', '100%25'],
    ['v1.2%2e3', 'v1.2%252e3'],
    ['...;', '...%3B'],
    ['.../a', '...%2Fa'],
    ['．．', '%EF%BC%8E%EF%BC%8E'],
    [' ', '%20'],
    ['{id}', '%7Bid%7D'],
    ['{0}', '%7B0%7D'],
    ['$&', '%24%26'],
    ['\ud800', '%EF%BF%BD'],
  ])('%j is %s', (value, expected) => {
    expect(target('/things/{id}/end', { id: value })).toBe(`https://service.test/v1/things/${expected}/end`);
  });

  test.each([
    ['.'],
    ['..'],
    ['../'],
    ['../..'],
    ['/..'],
    ['./a'],
    ['a/../b'],
    ['a/..'],
    ['..\\a'],
    ['a\\..\\b'],
    ['..\\'],
    ['../admin?x=y#z'],
    [['..']],
    [['..', null]],
    ['..;'],
    ['..;a=b'],
    ['.;'],
    ['.;/a'],
    ['a/..;x/b'],
    ['a\\..;'],
    ['..?'],
    ['..#'],
    ['.%2e'],
    ['%2e%2e'],
    ['%2E.'],
    ['%2e'],
    ['%2e%2e%2f'],
    ['a%2f..%2fb'],
    ['a%5c%2e%2e'],
    ['..%3B'],
    ['..%3bx'],
    ['%252e%252e'],
    ['%25252e%25252e'],
    ['%%32%65%2e'],
    [`%${'25'.repeat(20)}2e`],
    ['.\0f'],
    ['%c0%ae%c0%ae'],
    ['..%c0%afa'],
    ['..%c1%9ca'],
    ['%u002e%u002e'],
    ['..\0'],
    ['.. '],
    ['.\t.'],
    [' ..'],
    ['.%09.'],
    ['..%00'],
  ])('%j is refused', (value) => {
    const attempt = () => target('/things/{id}/end', { id: value });
    expect(attempt).toThrow(ArgumentError);
    expect(attempt).toThrow('The argument "id" must not make "." or ".." a part of the path.');
  });

  test.each<[string, Record<string, unknown>, object, string]>([
    ['/things/{a}{b}', { a: '.', b: '.' }, {}, 'The argument "a", "b" must not make'],
    ['/things/.{a}', { a: '.' }, {}, 'The argument "a" must not make'],
    ['/things/%2e{a}', { a: '.' }, {}, 'The argument "a" must not make'],
    ['/things/{a}', { a: '.' }, { style: 'label' }, 'The argument "a" must not make'],
    ['/things/{a}', { a: '/..' }, { style: 'label' }, 'The argument "a" must not make'],
    ['/things/{a/b}', { a_b: '..' }, {}, 'The argument "a_b" must not make'],
  ])('%s with %j is refused: together they would leave it', (path, args, parameter, message) => {
    expect(() => target(path, args, parameter)).toThrow(message);
  });

  const disguised = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[./\\%2eEfF5cC?#@:; \0]{1,10}$/),
    fc
      .array(fc.constantFrom('.', '..', '%2e', '%252e', '%c0%ae', '/', '\\', '%2f', '%5C', '%255c', ';', '%3b', 'a'), {
        minLength: 1,
        maxLength: 6,
      })
      .map((parts) => parts.join('')),
  );

  it('any value, decoded by a service in any way', () => {
    fc.assert(
      fc.property(disguised, (value) => {
        let url: URL;
        try {
          url = new URL(target('/things/{id}/end', { id: value }));
        } catch (error) {
          expect(error).toBeInstanceOf(ArgumentError);
          // Refused is what is empty, what has dots, and what looks like dots that are encoded.
          return value === '' || /[.%]/.test(value);
        }
        const [, ...segments] = url.pathname.split('/');
        expect(url.origin + url.search + url.hash).toBe(BASE.origin);
        expect(segments.map(decodeURIComponent)).toEqual(['v1', 'things', value.toWellFormed(), 'end']);
        return true;
      }),
      { numRuns: 1000 },
    );
  });

  /** Decodes what can be decoded, byte by byte. */
  const once = (path: string) =>
    path
      .replaceAll(/%c0%ae/gi, '.')
      .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const decoders: Record<string, (path: string) => string> = {
    'as it is': (path) => path,
    once,
    twice: (path) => once(once(path)),
    'thrice, as behind two proxies': (path) => once(once(once(path))),
  };
  const readers: Record<string, (path: string) => string> = {
    nginx: (path) => path,
    'IIS, to which a backslash is a slash': (path) => path.replaceAll('\\', '/'),
    'Java, which cuts off parameters': (path) => path.replaceAll(/;[^/]*/g, ''),
    'a program in C, to which NUL is the end': (path) => path.replace(/\0[^/]*/g, ''),
  };
  const cases = Object.entries(decoders).flatMap(([how, decode]) =>
    Object.entries(readers).map(([who, read]) => [how, who, (path: string) => read(decode(path))] as const),
  );
  const shapes: readonly (readonly [string, object])[] = [
    ['/things/{id}/end', {}],
    ['/things/{id}/end', { explode: true }],
    ['/things/{id}/end', { style: 'label' }],
    ['/things/{id}/end', { style: 'label', explode: true }],
    ['/things/{id}/end', { style: 'matrix' }],
    ['/things/{id}/end', { style: 'matrix', explode: true }],
    ['/things/{id}/end', { schema: undefined, content: { 'text/plain': { schema: {} } } }],
    ['/things/.{id}/end', {}],
    ['/things/{id}./end', {}],
  ];

  it.each(cases)('decoded %s and read by %s, the path lies below its template', (_how, _who, read) => {
    const values = fc.oneof(
      disguised,
      fc.array(disguised, { maxLength: 3 }),
      fc.dictionary(disguised, disguised, { maxKeys: 2 }),
    );
    fc.assert(
      fc.property(values, fc.constantFrom(...shapes), (id, [path, parameter]) => {
        let url: string;
        try {
          url = target(path, { id }, parameter);
        } catch (error) {
          expect(error).toBeInstanceOf(ArgumentError);
          return;
        }
        const pieces = read(url.slice(BASE.origin.length)).split('/');
        expect([pieces.slice(0, 3), pieces.at(-1)]).toEqual([['', 'v1', 'things'], 'end']);
        expect(pieces).not.toContain('.');
        expect(pieces).not.toContain('..');
      }),
      { numRuns: 300 },
    );
  });
});

describe('path arguments are required', () => {
  test.each([[{}], [{ id: null }]])('%j is incomplete', (args) => {
    expect(() => target('/things/{id}', args)).toThrow(
      new ArgumentError('The argument "id" is required: it is a part of the path.'),
    );
  });

  test.each<[unknown, string]>([
    ['', 'simple'],
    [[], 'simple'],
    [{}, 'simple'],
    [[''], 'simple'],
    [[null], 'simple'],
    ['', 'label'],
    ['', 'matrix'],
    [[], 'matrix'],
  ])('%j as %s is empty', (value, style) => {
    expect(() => target('/things/{id}', { id: value }, { style })).toThrow(
      new ArgumentError('The argument "id" must not be empty: it is a part of the path.'),
    );
  });
});

test.each([
  ['https://service.test', '/a', 'https://service.test/a'],
  ['https://service.test/', '/a', 'https://service.test/a'],
  ['https://service.test/v1/', '/a/', 'https://service.test/v1/a/'],
  ['https://service.test/v1', '@evil.test', 'https://service.test/v1/@evil.test'],
  ['https://service.test', '@evil.test', 'https://service.test/@evil.test'],
  ['https://service.test:8443/v1', '//evil.test', 'https://service.test:8443/v1//evil.test'],
])('%s and %s make %s', (base, path, expected) => {
  const tool = { ...toolOf('get', '/a', {}), request: { path, parameters: [] } };
  expect(buildRequest(tool, new URL(base), [], {}).url).toBe(expected);
});

test.each([['%'], ['a;b/'], ['\uff0f'], ['a']])('a path beyond the maximum length is refused first: %j', (piece) => {
  const value = piece.repeat(3_000_000);
  expect(() => target('/things/{id}', { id: value })).toThrow(
    /The arguments "id" make the path longer than 8192 characters/,
  );
  expect(target('/things/{id}', { id: piece.repeat(100) })).toContain('/things/');
});
