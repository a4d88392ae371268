import { expect, test } from 'vitest';
import { createEgress, parseEgressAllow } from '../../src/egress/egress.ts';

test('parses ranges, addresses, names and wildcards', () => {
  expect(parseEgressAllow('10.0.0.0/8, FD00::/8 ,127.0.0.1,::1,MCP.internal,*.svc.cluster.local, my_server')).toEqual([
    '10.0.0.0/8',
    'fd00::/8',
    '127.0.0.1',
    '::1',
    'mcp.internal',
    '*.svc.cluster.local',
    'my_server',
  ]);
  expect(parseEgressAllow('0.0.0.0/0,::/0,1.2.3.4/32,münchen.de.')).toHaveLength(4);
});

test('converts an internationalised name to ASCII', () => {
  const egress = createEgress({ allow: parseEgressAllow('*.LOCALHOST, ⓛocalhost'), own: () => [] });
  egress.check(new URL('http://localhost/'));
  egress.check(new URL('http://a.localhost/'));
});

const NOTHING = 'is neither a range (10.0.0.0/8), an address nor a host name (without scheme, port and path)';
test.each([
  ['', `"" ${NOTHING}`],
  ['a,,b', `"" ${NOTHING}`],
  ['10.0.0.0/8,http://x', `"http://x" ${NOTHING}`],
  ['localhost:3000', `"localhost:3000" ${NOTHING}`],
  ['[::1]', `"[::1]" ${NOTHING}`],
  ['fe80::1%eth0', `"fe80::1%eth0" ${NOTHING}`],
  ['user@example.com', `"user@example.com" ${NOTHING}`],
  ['example.com?x', `"example.com?x" ${NOTHING}`],
  ['example.com#x', `"example.com#x" ${NOTHING}`],
  ['example.com\\x', `"example.com\\\\x" ${NOTHING}`],
  ['a b', `"a b" ${NOTHING}`],
  ['*', `"*" ${NOTHING}`],
  ['*.*.example.com', `"*.*.example.com" ${NOTHING}`],
  ['a.*.example.com', `"a.*.example.com" ${NOTHING}`],
  ['*example.com', `"*example.com" ${NOTHING}`],
  ['-a.example.com', `"-a.example.com" ${NOTHING}`],
  ['a..b', `"a..b" ${NOTHING}`],
  ['.', `"." ${NOTHING}`],
  ['0x7f.1', `"0x7f.1" ${NOTHING}`],
  ['1.2.3', `"1.2.3" ${NOTHING}`],
  ['*.1.2.3.4', `"*.1.2.3.4" ${NOTHING}`],
  ['1.2.3.256', `"1.2.3.256" ${NOTHING}`],
  ['10.0.0.0/', `"10.0.0.0/" ${NOTHING}`],
  ['10.0.0.0/-1', `"10.0.0.0/-1" ${NOTHING}`],
  ['10.0.0.0/8/8', `"10.0.0.0/8/8" ${NOTHING}`],
  ['10/8', `"10/8" ${NOTHING}`],
  ['10.0.0.0/33', '"10.0.0.0/33" has a prefix longer than 32 bits'],
  ['fd00::/129', '"fd00::/129" has a prefix longer than 128 bits'],
  ['10.0.0.1/8', '"10.0.0.1/8" has bits set beyond its prefix; 10.0.0.0/8 is the range, 10.0.0.1 the address'],
  ['fd00::1/8', '"fd00::1/8" has bits set beyond its prefix; fd00::/8 is the range, fd00::1 the address'],
  ['::ffff:10.0.0.0/104', '"::ffff:10.0.0.0/104" is a range of IPv4-mapped addresses; list the IPv4 range itself'],
])('%j', (text, message) => {
  expect(() => parseEgressAllow(text)).toThrow(new Error(message));
});

test('createEgress refuses wrong entries', () => {
  expect(() => createEgress({ allow: ['10.0.0.1/8'], own: () => [] })).toThrow('"10.0.0.1/8" has bits set');
});
