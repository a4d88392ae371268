import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { indexPlaces } from '../../src/approvals/server-places.ts';
import { ruleOf } from '../../src/contract/approval-policies.ts';

const isThere = async (url: string, place: string): Promise<boolean> => {
  const places = await indexPlaces([{ url: place, approvalPolicy: 'require_approval_all', requiredApprovals: 1 }], 'o');
  const { policy } = places.strictest(ruleOf('auto_approve_all'), { url: new URL(url), headers: [] });
  return policy === 'require_approval_all';
};

const PLACE = 'https://mcp.example.com/v1/mcp';

describe('a URL at or below the place of a server is found in any spelling', () => {
  test.each([
    '/v1/mcp',
    '/v1/mcp/',
    '/v1/mcp?tool=x#y',
    '/v1/mcp/tools/call',
    '/v1/mcp/../mcp',
    '/v1/x/../mcp/y',
    '//v1///mcp',
    '/./v1/./mcp',
    '/V1/MCP',
    '/v1%2Fmcp',
    '/v1%2fmcp',
    '/v1%5Cmcp',
    '/v1\\mcp',
    '/%76%31/m%63p',
    '/%2576%2531/mcp',
    '/v1%252Fmcp',
    '/x/%2e%2e/v1/mcp',
    '/x/%252e%252e/v1/mcp',
    '/x%2f..%2fv1/mcp',
    '/v1/mcp/%252e%252e/other',
    '/v1;a=b/mcp;c',
    '/x/..;/v1/mcp',
    '/v1/mcp%3Fx',
    '/v1/mcp%23x',
    '/v1/mcp%00',
    '/v1/mcp%00.json',
    '/v1/mcp%20',
    '/v1/mcp%E2%80%8B',
    '/v1/%EF%BD%8D%EF%BD%83%EF%BD%90',
    '/v1%EF%BC%8Fmcp',
    `/%${'25'.repeat(30)}41`,
    `/${'a'.repeat(20_000)}`,
    '/v1/mcp.',
    '/v1/mcp...',
    '/v1./mcp',
    '/v1/mcp%2E',
    '/v1/mcp. .',
    '/v1/mcp+',
    '/v1/+mcp',
    '/v1/mcp.json',
    '/v1/mcp.json/tools',
    '/v1.json/mcp',
    '/v1/mcp%2ejson',
    '/v1/mcp.tar.gz',
    '/v1/mcp:call',
    '/v1/mcp::$DATA',
    '/v1/mcp(1)',
    '/v1/mcp,x',
    '/v1/mcp~',
    '/v1/mcp!',
    '/v1/mcp&x',
    '/v1/mcp%7Cx',
    '/v1/%u006dcp',
    '/v1/%U006Dcp',
    '/v1%u002fmcp',
    '/v1/%25u006dcp',
    '/v1/%C1%ADcp',
    '/v1/%E0%81%ADcp',
    '/v1/%F0%80%81%ADcp',
    '/v1%C0%AFmcp',
    '/v1/%ffmcp',
    '/v1/mcp%ff',
    '/v1/m%80cp',
    '/v1/mcp%ff.json',
    '/v1%E2%88%95mcp',
    '/v1/m%C3%A7p',
    '/v1/%F0%9D%93%82cp',
  ])('path %s', async (path) => {
    expect(await isThere(`https://mcp.example.com${path}`, PLACE)).toBe(true);
  });

  test.each([
    'HTTPS://MCP.EXAMPLE.COM',
    'https://mcp.example.com:443',
    'http://mcp.example.com',
    'http://mcp.example.com:80',
    'https://mcp.example.com.',
    'https://ｍｃｐ.example.com',
    'https://mcp。example。com',
    'https://user@mcp.example.com',
    'wss://mcp.example.com',
  ])('origin %s', async (origin) => {
    expect(await isThere(`${origin}/v1/mcp`, PLACE)).toBe(true);
  });

  test.each([
    ['http://127.0.0.1:8001/mcp', 'http://127.1:8001/mcp'],
    ['http://127.0.0.1:8001/mcp', 'http://0x7f000001:8001/mcp'],
    ['http://127.0.0.1:8001/mcp', 'http://2130706433:8001/mcp'],
    ['http://127.0.0.1:8001/mcp', 'http://0177.0.0.1:8001/mcp'],
    ['http://127.0.0.1:8001/mcp', 'http://[::ffff:127.0.0.1]:8001/mcp'],
    ['http://127.0.0.1:8001/mcp', 'http://127.0.0.1.:8001/mcp'],
    ['http://127.0.0.1:8001/mcp', 'https://127.0.0.1:8001/mcp'],
    ['ws://127.0.0.1:8001/mcp', 'http://127.0.0.1:8001/mcp'],
    ['http://[2001:db8:0:0::1]/mcp', 'http://[2001:DB8::1]/mcp'],
    ['https://bücher.example/mcp', 'https://xn--bcher-kva.example/mcp'],
    ['https://mcp.example.com', 'https://mcp.example.com/anything/at/all'],
    ['https://mcp.example.com/mcp/', 'https://mcp.example.com/mcp'],
    ['https://mcp.example.com/mcp?team=a', 'https://mcp.example.com/mcp?team=b'],
    ['https://mcp.example.com/a%20b', 'https://mcp.example.com/A%20b/c'],
    ['https://mcp.example.com/a%20b', 'https://mcp.example.com/a+b'],
    ['https://mcp.example.com/mcp..', 'https://mcp.example.com/mcp'],
    ['https://mcp.example.com/mcp.', 'https://mcp.example.com/mcp.json'],
    ['https://mcp.example.com/mcp.php', 'https://mcp.example.com/mcp'],
    ['https://mcp.example.com/straße', 'https://mcp.example.com/STRASSE'],
    ['https://mcp.example.com/stra%E1%BA%9Ee', 'https://mcp.example.com/strasse/x'],
    ['https://mcp.example.com/%E2%84%AAelvin', 'https://mcp.example.com/kelvin'],
    ['https://mcp.example.com/café', 'https://mcp.example.com/cafe\u0301'],
    ['https://mcp.example.com/café', 'https://mcp.example.com/CAF%E9'],
    ['https://mcp.example.com/οδος', 'https://mcp.example.com/ΟΔΟΣ.json'],
    ['https://mcp.example.com/ilk', 'https://mcp.example.com/%C4%B0lk'],
    ['https://mcp.example.com/ilk', 'https://mcp.example.com/%C4%B1LK'],
    ['https://mcp.example.com/工具', 'https://mcp.example.com/%E5%B7%A5%E5%85%B7.json'],
    ['https://mcp.example.com/%FFx', 'https://mcp.example.com/%ffX'],
  ])('%s, called as %s', async (place, url) => {
    expect(await isThere(url, place)).toBe(true);
  });
});

describe('other places are not found', () => {
  test.each([
    'https://mcp.example.com/v1',
    'https://mcp.example.com/v1/mcp2',
    'https://mcp.example.com/v1/mc',
    'https://mcp.example.com/v1/mcp-x',
    'https://mcp.example.com/v1/mcp_x',
    'https://mcp.example.com/v1/mcpx.json',
    'https://mcp.example.com/v1/mcp%E5%B7%A5',
    'https://mcp.example.com/v1/.mcp',
    'https://mcp.example.com/v1.x',
    `https://mcp.example.com/v2/${'a'.repeat(900)}`,
    'https://mcp.example.com/v2/%2541%ff',
    'https://mcp.example.com/v2/mcp',
    'https://mcp.example.com/x/v1/mcp',
    'https://mcp.example.com:8443/v1/mcp',
    'https://example.com/v1/mcp',
    'https://other.example.com/v1/mcp',
    'https://mcp.example.com.evil.example/v1/mcp',
    'https://mcp.example.com/?path=/v1/mcp',
  ])('%s', async (url) => {
    expect(await isThere(url, PLACE)).toBe(false);
  });
});

describe('a path with too many readings', () => {
  test.each([`/v1/${'a'.repeat(1100)}`, `/v1${'/a'.repeat(64)}`, '/v1/%2525252541%ff', `/v1/%${'25'.repeat(9)}41`])(
    'counts as the whole host: %s',
    async (path) => {
      expect(await isThere('https://mcp.example.com/v2', `https://mcp.example.com${path}`)).toBe(true);
      expect(await isThere('https://other.example.com/v2', `https://mcp.example.com${path}`)).toBe(false);
    },
  );
});

test('the places of an organization take little memory, whatever the names of its servers are', async () => {
  const of = (path: string) =>
    indexPlaces(
      Array.from({ length: 1000 }, (_, index) => ({
        url: `https://mcp.example.com/${path}/x${index}`,
        approvalPolicy: 'require_approval_all',
        requiredApprovals: 1,
      })),
      'o',
    );
  expect((await of('v1')).size).toBe(1000);
  expect((await of(`v1${'/a'.repeat(400)}`)).size).toBe(1);
  expect((await of(`%2541${'/a'.repeat(40)}`)).size).toBe(3000);
  expect((await of(`%2525252541%ff${'/a'.repeat(40)}`)).size).toBe(1);
  expect((await of(`%252525252541%ff/b/%252e%252e${'/a'.repeat(40)}`)).size).toBe(1);
});

test('several servers at one place have the strictest policy and the most approvals', async () => {
  const policies = ['require_approval_all', 'auto_approve_read_only', 'require_approval_per_tool'] as const;
  const places = await indexPlaces(
    policies.map((approvalPolicy, index) => ({ url: PLACE, approvalPolicy, requiredApprovals: [2, 3, 1][index] ?? 1 })),
    'o',
  );
  const at = (url: string) => places.strictest(ruleOf('auto_approve_all'), { url: new URL(url), headers: [] });
  const strictest = { policy: 'require_approval_all', requiredApprovals: 3 };
  expect(at(PLACE)).toEqual(strictest);
  expect(at(`${PLACE}/${'a'.repeat(1100)}`)).toEqual(strictest);
  expect(at('https://mcp.example.com/v2')).toEqual(ruleOf('auto_approve_all'));
});

describe('places with any name', () => {
  const NAME = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,6}$/);
  const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0');
  /** Ways to write one character that some server reads as it is. */
  const WRITTEN: ((character: string) => string)[] = [
    (character) => character,
    (character) => character.toUpperCase(),
    (character) => `%${hex(character.charCodeAt(0), 2)}`,
    (character) => `%25${hex(character.charCodeAt(0), 2)}`,
    (character) => `%u${hex(character.charCodeAt(0), 4)}`,
    (character) =>
      `%${hex(0xc0 | (character.charCodeAt(0) >> 6), 2)}%${hex(0x80 | (character.charCodeAt(0) & 0x3f), 2)}`,
    (character) => encodeURIComponent(String.fromCharCode(character.charCodeAt(0) + 0xfee0)),
    (character) => `${character}%C2%AD`,
  ];
  const AFTER = [
    '',
    '.',
    '..',
    '.json',
    '.XML',
    '+',
    '%20',
    '%2e',
    ';v=1',
    ':x',
    ',x',
    '%00.x',
    '%3Fx',
    '~',
    '/',
    '/x',
    '.json/x',
  ];
  const AROUND = ['', '/', '/./', '/x/../', '/%2e/', '/x%2f..%2f', '%5C'];

  test('every spelling of every segment is found', async () => {
    const choices = fc.array(fc.nat(WRITTEN.length - 1), { minLength: 14, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(
        NAME,
        NAME,
        choices,
        fc.constantFrom(...AFTER),
        fc.constantFrom(...AROUND),
        async (a, b, ways, after, around) => {
          const written = [...`${a}${b}`].map((character, index) => WRITTEN[ways[index] ?? 0]?.(character) ?? '');
          const path = `/${around}${written.slice(0, a.length).join('')}/${written.slice(a.length).join('')}${after}`;
          expect(await isThere(`https://mcp.example.com${path}`, `https://mcp.example.com/${a}/${b}`), path).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('another name is not found', async () => {
    await fc.assert(
      fc.asyncProperty(NAME, NAME, fc.constantFrom(...AFTER), async (a, b, after) => {
        fc.pre(a !== b);
        expect(await isThere(`https://mcp.example.com/${a}${after}`, `https://mcp.example.com/${b}`)).toBe(false);
      }),
    );
  });
});
