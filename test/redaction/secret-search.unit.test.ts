import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SecretSearch } from '../../src/redaction/secret-search.ts';
import { secretValues } from '../../src/redaction/secret-values.ts';

const turn = () => undefined;
const searchFor = (...secrets: (readonly [string, string])[]) =>
  new SecretSearch(secrets.flatMap(([name, value]) => secretValues(name, value)));
const all = (search: SecretSearch) => search.wanting(() => true);
const masked = (name: string, secret: string, text: string, isJson = false): Promise<string> => {
  const search = searchFor([name, secret]);
  return search.outOfText(text, all(search), isJson, turn);
};

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const ascii = (text: string): string =>
  text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const WRITERS: Record<string, (text: string) => string> = {
  'as it is': (text) => text,
  'in JSON': inJson,
  'in JSON in ASCII': (text) => ascii(inJson(text)),
  'in JSON with slashes escaped': (text) => inJson(text).replaceAll('/', '\\/'),
  'in JSON in JSON': (text) => inJson(inJson(text)),
  'in JSON, three times': (text) => inJson(inJson(inJson(text))),
  'percent-encoded': (text) => encodeURIComponent(text),
  'as a value of a form': (text) => new URLSearchParams({ x: text }).toString().slice(2),
  'percent-encoded in JSON': (text) => inJson(encodeURIComponent(text)),
  'JSON that is percent-encoded': (text) => encodeURIComponent(inJson(text)),
  'in base64': (text) => Buffer.from(text).toString('base64').replace(/=+$/, ''),
  'in base64url': (text) => Buffer.from(text).toString('base64url'),
  'in base64 in JSON, with slashes escaped': (text) =>
    btoa(String.fromCharCode(...Buffer.from(text)))
      .replace(/=+$/, '')
      .replaceAll('/', '\\/'),
};
const SECRETS = [
  'plain-secret-4711',
  'p"ss\\word-12345',
  'C:\\secret\\new\\pw1234',
  'abc\tdefgh123',
  'k"ey\\with/spécial<&>12 ż 🗝️',
  '100%25 of%41 the \\u0041 + %zz secret',
  '\\"\\"quoted\\\\twice\\"',
  '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nBKcwggSjAgEAAoIBAQC7\n-----END KEY-----\n',
];

describe.each(Object.entries(WRITERS))('%s', (_, write) => {
  test.each(SECRETS)('%j', async (secret) => {
    expect(await masked('', secret, `<${write(secret)}>`)).toMatch(/^<\[credential\](?:\\+n|\n|%0A|%5Cn)?>$/);
  });

  test('any secret', () => {
    const secrets = fc.string({ unit: 'grapheme', minLength: 12 });
    return fc.assert(
      fc.asyncProperty(secrets, async (secret) => {
        const search = searchFor(['', secret]);
        fc.pre(!search.isEmpty && secret.trim() === secret);
        expect(await search.outOfText(`<${write(secret)}>`, all(search), false, turn)).toContain('[credential]');
      }),
    );
  });
});

test('JSON stays valid with any secrets', () => {
  const unit = fc.constantFrom('\\', '"', 'n', 'u', '0', '4', '1', '%', '2', '5', '\n', 'a', '{', ':', ',', ' ', 'ż');
  const text = fc.string({ unit, maxLength: 40 });
  const secrets = fc.array(fc.string({ unit, minLength: 8, maxLength: 12 }), { minLength: 1, maxLength: 3 });
  return fc.assert(
    fc.asyncProperty(secrets, fc.array(fc.oneof(text, fc.nat(2))), async (given, parts) => {
      const strings = parts.map((part) => (typeof part === 'string' ? part : (given[part % given.length] as string)));
      const search = searchFor(...given.map((secret) => ['', secret] as const));
      const json = JSON.stringify({ strings, inside: JSON.stringify(strings) });
      const out = await search.outOfText(json, all(search), true, turn);
      expect(() => JSON.parse(out)).not.toThrow();
      for (const secret of given.filter((value) => searchFor(['', value]).isEmpty === false)) {
        expect(JSON.parse(out).strings).not.toContain(secret);
      }
    }),
    { numRuns: 500 },
  );
});

test('numbers of JSON are not masked', async () => {
  for (const secret of ['123456789', '-12345678', '12345678.5', '1234567e10']) {
    expect(searchFor(['', secret]).isEmpty).toBe(true);
  }
});

describe('a secret inside another one', () => {
  const KEY =
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n';
  const ACCOUNT = JSON.stringify({
    type: 'service_account',
    private_key: KEY,
    token_uri: 'https://oauth2.example.com/token',
    store: 'redis://me:hunter2-redis@host',
  });
  test.each([
    ['a string of JSON', 'CREDENTIALS', ACCOUNT, 'MIIEvQIBADANBgkqhkiG9w0BAQEF'],
    ['a string of JSON under a plain name', 'API_KEYS', '{"a":["k1abcdefghij"]}', 'k1abcdefghij'],
    ['a password in a URL in JSON', 'CREDENTIALS', ACCOUNT, 'hunter2-redis'],
    ['a cookie', 'Cookie', 'sid=cookieSECRET99; theme=dark', 'cookieSECRET99'],
    ['a quoted cookie', 'cookie', 'a=b;sid="cookieSECRET99"', 'cookieSECRET99'],
    ['a password of a URL', 'DATABASE_URI', 'postgres://app:dbpassw0rd@db.internal/x', 'dbpassw0rd'],
    ['a password of a URL of many hosts', 'DB', 'mongodb://app:dbp%40ssw0rd@a:1,b:2/x', 'dbp@ssw0rd'],
    ['what stands behind a scheme', 'Authorization', 'Bearer tokABCDEF123456', 'tokABCDEF123456'],
    ['the password of Basic', 'Authorization', `Basic ${btoa('me:passw0rd1')}`, 'passw0rd1'],
  ])('%s', async (_, name, value, secret) => {
    expect(await masked(name, value, `<${secret}>`)).toBe('<[credential]>');
    expect(await masked(name, value, JSON.stringify(JSON.stringify({ it: value })), true)).not.toContain(secret);
  });

  test('short values, words and addresses are not masked', async () => {
    const text = 'dark service_account https://oauth2.example.com/token app db.internal';
    for (const [name, value] of [
      ['Cookie', 'sid=cookieSECRET99; theme=dark'],
      ['CREDENTIALS', ACCOUNT],
      ['DATABASE_URI', 'postgres://app:dbpassw0rd@db.internal/x'],
    ] as const) {
      expect(await masked(name, value, text)).toBe(text);
    }
  });
});

test('large texts are searched in turns, also for secrets across two turns', async () => {
  const secret = 'k"ey\\with/spécial<&>12';
  for (let shift = 0; shift < 40; shift++) {
    let turns = 0;
    const search = searchFor(['', secret]);
    const text = `${'x'.repeat(128 * 1024 - shift)}${inJson(inJson(secret))}${'🗝'.repeat(70_000)}${secret}`;
    const counting = () => void turns++;
    const out = await search.outOfText(text, all(search), false, counting as typeof turn);
    expect(out).toBe(text.replace(inJson(inJson(secret)), '[credential]').replace(secret, '[credential]'));
    expect(turns).toBeGreaterThan(1);
  }
});

test('overlapping secrets are masked as one', async () => {
  const search = searchFor(['', 'abcdefgh1'], ['', 'fgh1ijklmn'], ['', 'abcdefgh1ijk']);
  expect(await search.outOfText('.abcdefgh1ijklmn.', all(search), false, turn)).toBe('.[credential].');
});

test.each([
  ['a run', 'a'.repeat(8191)],
  ['a run with another letter within', `${'a'.repeat(4000)}b${'a'.repeat(4000)}`],
  ['a run that ends otherwise', `${'a'.repeat(8190)}b`],
])('a search for %s in its own repetition takes a limited number of steps', async (_, secret) => {
  const search = searchFor(
    ['', secret],
    ...Array.from({ length: 30 }, (_item, at) => ['', `${secret}${at}x`] as const),
  );
  const text = 'a'.repeat(1_000_000);
  const out = await search.outOfText(text, all(search), false, turn);
  expect(out === text).toBe(secret.includes('b'));
});
