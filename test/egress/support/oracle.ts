// A second opinion on addresses, as numbers, from the registries of IANA (iana-ipv4-special-registry,
// iana-ipv6-special-registry, multicast-addresses, ipv6-address-space), sharing nothing with what is tested.

type Range = readonly [base: bigint, prefix: bigint];

const four = (text: string): bigint => text.split('.').reduce((number, part) => number * 256n + BigInt(part), 0n);

/** Groups from the left; the rest are zeros. */
const six = (...groups: number[]): bigint =>
  Array.from({ length: 8 }, (_, index) => BigInt(groups[index] ?? 0)).reduce(
    (number, group) => number * 65536n + group,
  );

const range4 = (text: string): Range => {
  const [base = '', prefix = ''] = text.split('/');
  return [four(base), BigInt(prefix)];
};

const METADATA4 = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.0.23',
  '169.254.42.42',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
].map(four);

/** Ranges of IPv4 that are not for everybody. */
export const SPECIAL4: readonly Range[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
  .map(range4)
  .concat(METADATA4.map((number): Range => [number, 32n]));

const METADATA6 = [
  six(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
  six(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
  six(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
  six(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];

/** Ranges in 2000::/3 that are not for everybody, and, for their edges, the others. */
export const SPECIAL6: readonly Range[] = [
  [six(0x2001), 23n],
  [six(0x2001, 0xdb8), 32n],
  [six(0x2002), 16n],
  [six(0x2620, 0x4f, 0x8000), 48n],
  [six(0x3fff), 20n],
  [six(0), 96n],
  [six(0), 8n],
  [six(0, 0, 0, 0, 0xffff), 96n],
  [six(0x64, 0xff9b, 1), 48n],
  [six(0x100), 64n],
  [six(0x2000), 3n],
  [six(0x5f00), 16n],
  [six(0xfc00), 7n],
  [six(0xfe80), 10n],
  [six(0xfec0), 10n],
  [six(0xff00), 8n],
  ...METADATA6.map((number): Range => [number, 128n]),
];

const within = (number: bigint, [base, prefix]: Range, bits: bigint): boolean =>
  number >> (bits - prefix) === base >> (bits - prefix);

export const isGlobal4 = (number: bigint): boolean => !SPECIAL4.some((range) => within(number, range, 32n));

export const isMetadata4 = (number: bigint): boolean => METADATA4.includes(number);

/** Mapped addresses (::ffff:0:0/96) and those of NAT64 (64:ff9b::/96) are what their IPv4 address is. */
export function isGlobal6(number: bigint): boolean {
  const prefix = number >> 32n;
  if (prefix === 0xffffn || prefix === six(0x64, 0xff9b) >> 32n) {
    return isGlobal4(number & 0xffff_ffffn);
  }
  return number >> 125n === 1n && !SPECIAL6.slice(0, 5).some((range) => within(number, range, 128n));
}

/** Directly, or in the hands of a translator or tunnel. */
export function isMetadata6(number: bigint): boolean {
  const last = number & 0xffff_ffffn;
  const through =
    [six(0x64, 0xff9b) >> 32n, 0n].includes(number >> 32n) || number >> 80n === six(0x64, 0xff9b, 1) >> 80n;
  return (
    METADATA6.includes(number) ||
    (through && isMetadata4(last)) ||
    (number >> 112n === 0x2002n && isMetadata4((number >> 80n) & 0xffff_ffffn)) ||
    (number >> 96n === 0x2001_0000n && isMetadata4(last ^ 0xffff_ffffn))
  );
}
