import { describe, expect, test } from 'vitest';
import { hostOf, isAtOrBelow, readPath } from '../../src/approvals/url-places.ts';

const isThere = (url: string, place: string): boolean => {
  const [a, b] = [new URL(url), new URL(place)];
  return hostOf(a) === hostOf(b) && isAtOrBelow(readPath(a.pathname), readPath(b.pathname));
};

const PLACE = 'https://mcp.example.com/v1/mcp';

describe('a URL at or below the place of a server, in whatever spelling', () => {
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
  ])('path %s', (path) => {
    expect(isThere(`https://mcp.example.com${path}`, PLACE)).toBe(true);
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
  ])('origin %s', (origin) => {
    expect(isThere(`${origin}/v1/mcp`, PLACE)).toBe(true);
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
  ])('%s, called as %s', (place, url) => {
    expect(isThere(url, place)).toBe(true);
  });
});

describe('what is another place', () => {
  test.each([
    'https://mcp.example.com/v1',
    'https://mcp.example.com/v1/mcp2',
    'https://mcp.example.com/v1/mc',
    'https://mcp.example.com/v2/mcp',
    'https://mcp.example.com/x/v1/mcp',
    'https://mcp.example.com:8443/v1/mcp',
    'https://example.com/v1/mcp',
    'https://other.example.com/v1/mcp',
    'https://mcp.example.com.evil.example/v1/mcp',
    'https://mcp.example.com/?path=/v1/mcp',
  ])('%s', (url) => {
    expect(isThere(url, PLACE)).toBe(false);
  });
});
