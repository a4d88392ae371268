import { expect, test } from 'vitest';
import { parseNameFiles } from '../../src/egress/name-files.ts';

const HOSTS = `
# a comment
127.0.0.1 localhost
::1       localhost ip6-localhost   # loopback
10.1.2.3  Files files.internal
10.1.2.4  files.internal
nonsense  other
`;

test('the hosts file gives all addresses of a name in any case', () => {
  const { addressesOf } = parseNameFiles(HOSTS, '');
  expect(addressesOf('files')).toEqual([{ address: '10.1.2.3', family: 4 }]);
  expect(addressesOf('files.internal').map(({ address }) => address)).toEqual(['10.1.2.3', '10.1.2.4']);
  expect(addressesOf('localhost').map(({ family }) => family)).toEqual([4, 6]);
  expect([addressesOf('other'), addressesOf('comment'), addressesOf('loopback')]).toEqual([[], [], []]);
});

test('localhost and its subdomains are loopback without a hosts file', () => {
  const { addressesOf } = parseNameFiles('', '');
  expect(addressesOf('a.localhost').map(({ address }) => address)).toEqual(['127.0.0.1', '::1']);
  expect(addressesOf('notlocalhost')).toEqual([]);
});

test.each([
  ['', 'files', ['files']],
  ['search a.test b.test.', 'files', ['files.a.test', 'files.b.test', 'files']],
  ['search a.test', 'files.example.com', ['files.example.com', 'files.example.com.a.test']],
  ['search a.test\noptions timeout:1 ndots:5', 'files.example.com', ['files.example.com.a.test', 'files.example.com']],
  ['search a.test\noptions ndots:5', 'files.example.com.', ['files.example.com']],
  ['search a.test\ndomain b.test', 'files', ['files.b.test', 'files']],
  ['search a.test # why\n; search c.test', 'files', ['files.a.test', 'files']],
])('resolv.conf %j completes %s', (resolver, name, candidates) => {
  expect(parseNameFiles('', resolver).candidates(name)).toEqual(candidates);
});

test('a name in the hosts file is not completed', () => {
  expect(parseNameFiles(HOSTS, 'search a.test').candidates('files')).toEqual(['files', 'files.a.test']);
});
