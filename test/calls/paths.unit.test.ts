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
  return buildRequest(toolOf('get', path, { parameters }), BASE, null, args).url;
}

describe('nothing leaves its segment', () => {
  test.each([
    ['a/b', 'a%2Fb'],
    ['a\\b', 'a%5Cb'],
    ['a?b=c', 'a%3Fb%3Dc'],
    ['a#b', 'a%23b'],
    ['a;b', 'a%3Bb'],
    ['%2e%2e%2f', '%252e%252e%252f'],
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
  ])('%s with %j: together they would', (path, args, parameter, message) => {
    expect(() => target(path, args, parameter)).toThrow(message);
  });

  it('whatever the value is', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[./\\%2eEfF5cC?#@:;]{1,8}$/));
    fc.assert(
      fc.property(text, (value) => {
        let url: URL;
        try {
          url = new URL(target('/things/{id}/end', { id: value }));
        } catch (error) {
          expect(error).toBeInstanceOf(ArgumentError);
          // Refused is what has nothing in it, and what has dots between slashes, no more.
          return value === '' || value.split(/[\\/]/).some((piece) => piece === '.' || piece === '..');
        }
        const [, ...segments] = url.pathname.split('/');
        expect(url.origin + url.search + url.hash).toBe(BASE.origin);
        expect(segments.map(decodeURIComponent)).toEqual(['v1', 'things', value.toWellFormed(), 'end']);
        return true;
      }),
    );
  });
});

describe('a part of the path must be there', () => {
  test.each([[{}], [{ id: null }]])('%j lacks it', (args) => {
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
  expect(buildRequest(tool, new URL(base), null, {}).url).toBe(expected);
});
