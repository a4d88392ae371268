import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { overridesMethod, overridesUrl } from '../../src/approvals/request-overrides.ts';
import type { Sent } from '../../src/calls/types.ts';

const withHeader = (name: string): Sent => ({ url: new URL('https://mcp.example.com/x'), headers: ['accept', name] });
const withQuery = (query: string): Sent => ({ url: new URL(`https://mcp.example.com/x?${query}`), headers: [] });

const METHOD_HEADERS = [
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X-Method',
  'X-Original-Method',
];
const METHOD_PARAMETERS = [
  '_method',
  '$httpMethod',
  '_HttpMethod',
  'http_method',
  'httpMethod',
  'method',
  '__METHOD_OVERRIDE__',
  'x-http-method-override',
  'X-HTTP-Method',
  '_verb',
  'requestMethod',
];
const URL_HEADERS = [
  'X-Original-URL',
  'X-Original-URI',
  'X-Rewrite-URL',
  'X-HTTP-Path-Override',
  'X-HTTP-DestinationURL',
  'X-Forwarded-Prefix',
  'X-Forwarded-Path',
  'X-Forwarded-Uri',
  'X-Forwarded-Host',
  'X-Forwarded-Server',
  'X-Envoy-Original-Path',
  'X-Host',
  'X-HTTP-Host-Override',
  'X-Script-Name',
  'X-Path-Info',
  'Request-Uri',
  'X-Proxy-Url',
  'Forwarded',
  'Destination',
];
const URL_PARAMETERS = ['_url', '_path', '$route', '__uri', 'rest_route', 'X-Original-URL', 'PATH_INFO', 'script_name'];

describe('names of overrides in any spelling', () => {
  const spelled = (names: readonly string[]) =>
    fc.tuple(fc.constantFrom(...names), fc.array(fc.nat(3), { minLength: 40, maxLength: 40 })).map(([name, ways]) =>
      [...name]
        .map((character, index) => {
          const way = ways[index];
          return way === 0 ? character.toUpperCase() : way === 1 ? character.toLowerCase() : character;
        })
        .join(''),
    );
  const marked = fc.constantFrom(...['-', '_', '.', '--']);

  test.each([
    ['method', METHOD_HEADERS, overridesMethod],
    ['URL', URL_HEADERS, overridesUrl],
  ] as const)('a header overrides the %s', (_, names, overrides) => {
    fc.assert(
      fc.property(spelled(names.map((name) => name.toLowerCase())), marked, (name, mark) => {
        expect(overrides(withHeader(name.replaceAll('-', mark))), name).toBe(true);
      }),
    );
  });

  const WRITTEN: ((name: string) => string)[] = [
    (name) => `${name}=DELETE`,
    (name) => name,
    (name) => `a=b&${name}=/x`,
    (name) => `a=b;${name}=/x`,
    (name) => `a=b?${name}=/x`,
    (name) => `data[${name}]=x`,
    (name) => `${name}[]=x`,
    (name) => `${name}%5B0%5D=x`,
    (name) => `%26${name}=x`,
    (name) => `${[...name].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('')}=x`,
    (name) => `${[...name].map((character) => `%25${character.charCodeAt(0).toString(16)}`).join('')}=x`,
    (name) => `${name}%3Dx`,
  ];

  test.each([
    ['method', METHOD_PARAMETERS, overridesMethod],
    ['URL', URL_PARAMETERS, overridesUrl],
  ] as const)('a parameter overrides the %s', (_, names, overrides) => {
    for (const name of names) {
      for (const write of WRITTEN) {
        for (const query of [write(name), write(name.toUpperCase())]) {
          expect(overrides(withQuery(query)), query).toBe(true);
        }
      }
    }
  });

  test('a query beyond the maximum length counts as an override', () => {
    const query = withQuery(`a=${'b'.repeat(20_000)}`);
    expect([overridesMethod(query), overridesUrl(query)]).toEqual([true, true]);
  });
});

test.each([
  'X-Request-Id',
  'X-Api-Key',
  'Authorization',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'If-Match',
  'X-Security',
])('the header %s overrides nothing', (name) => {
  expect([overridesMethod(withHeader(name)), overridesUrl(withHeader(name))]).toEqual([false, false]);
});

test.each([
  'payment_method=card',
  'url=https://x.example',
  'path=/v1/mcp',
  'q=_method',
  'a=method',
  'limit=5&name=x',
  '',
])('the query %j overrides nothing', (query) => {
  expect([overridesMethod(withQuery(query)), overridesUrl(withQuery(query))]).toEqual([false, false]);
});
