import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAddress, specialKind } from '../../src/egress/addresses.ts';
import { createEgress, EgressRefused } from '../../src/egress/egress.ts';
import { isGlobal4, isGlobal6, isMetadata4, isMetadata6, SPECIAL4, SPECIAL6 } from './support/oracle.ts';

const RUNS = { numRuns: 5000 };
const MAX4 = 2n ** 32n - 1n;

/** Numbers of `bits` bits: any, in the ranges that matter, and at their edges. */
function numbers(bits: bigint, ranges: readonly (readonly [bigint, bigint])[]): fc.Arbitrary<bigint> {
  const any = fc.bigInt(0n, 2n ** bits - 1n);
  const range = fc.constantFrom(...ranges.map(([base, prefix]) => ({ base, size: 2n ** (bits - prefix) })));
  const inside = fc.tuple(range, any).map(([{ base, size }, number]) => base + (number % size));
  const edge = range.chain(({ base, size }) => fc.constantFrom(base - 1n, base, base + size - 1n, base + size));
  return fc.oneof(
    any,
    inside,
    edge.map((number) => BigInt.asUintN(Number(bits), number)),
  );
}
const fours = numbers(32n, SPECIAL4);
/** IPv4 within IPv6: mapped, translated twice, compatible, 6to4, Teredo. */
const carried = fours.chain((number) =>
  fc.constantFrom(
    (0xffffn << 32n) | number,
    (0x64_ff9bn << 96n) | number,
    (0x64_ff9b_0001n << 80n) | number,
    number,
    (0x2002n << 112n) | (number << 80n),
    (0x2001n << 112n) | (number ^ MAX4),
  ),
);
const sixes = fc.oneof(numbers(128n, SPECIAL6), carried);

const octets = (number: bigint): bigint[] => [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn);
const dotted = (number: bigint): string => octets(number).join('.');

/** Any spelling that a URL has for an IPv4 address: one to four parts, each decimal, octal or hexadecimal. */
const spelled4 = (number: bigint): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.array(fc.constantFrom('10', '8', '16', '08', 'X'), { minLength: 4 }))
    .map(([whole, radixes]) => {
      const rest = number & ((1n << BigInt(8 * (4 - whole))) - 1n);
      return [...octets(number).slice(0, whole), rest].map((part, index) => digits(part, radixes[index])).join('.');
    });

function digits(part: bigint, radix: string | undefined): string {
  switch (radix) {
    case '8':
      return `0${part.toString(8)}`;
    case '08':
      return `000${part.toString(8)}`;
    case '16':
      return `0x${part.toString(16)}`;
    case 'X':
      return `0X00${part.toString(16).toUpperCase()}`;
    default:
      return String(part);
  }
}

/** Any spelling of an IPv6 address (RFC 4291, section 2.2): zeros left out or not, a run of them as `::`, dots at the end. */
const spelled6 = (number: bigint): fc.Arbitrary<string> =>
  fc
    .record({ pad: fc.boolean(), upper: fc.boolean(), dots: fc.boolean(), run: fc.nat() })
    .map(({ pad, upper, dots, run }) => {
      const groups = Array.from({ length: 8 }, (_, index) => (number >> BigInt(16 * (7 - index))) & 0xffffn);
      const words = groups.map((group) => group.toString(16).padStart(pad ? 4 : 1, '0'));
      const parts = dots ? [...words.slice(0, 6), dotted(number & MAX4)] : words;
      const runs = zeroRuns(parts);
      const [start, end] = runs[run % (runs.length + 1)] ?? [0, 0];
      const text =
        start === end ? parts.join(':') : `${parts.slice(0, start).join(':')}::${parts.slice(end).join(':')}`;
      return upper ? text.toUpperCase() : text;
    });

/** Every run of zero parts, from its first to the one after its last. */
const zeroRuns = (parts: readonly string[]): [number, number][] =>
  parts.flatMap((_, start) =>
    parts.flatMap((__, last): [number, number][] =>
      last >= start && parts.slice(start, last + 1).every((part) => /^0+$/.test(part)) ? [[start, last + 1]] : [],
    ),
  );

const isRefused = (allow: readonly string[], host: string): boolean => {
  try {
    createEgress({ allow, own: () => [] }).check(new URL(`https://${host}/`));
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(EgressRefused);
    return true;
  }
};

describe('addresses are classified by their numbers', () => {
  const any4 = fours.chain((number) => fc.tuple(fc.constant(number), spelled4(number)));
  const any6 = sixes.chain((number) => fc.tuple(fc.constant(number), spelled6(number)));

  test('IPv4 in every spelling', () => {
    fc.assert(
      fc.property(any4, ([number, text]) => {
        expect(isRefused([], text)).toBe(!isGlobal4(number));
      }),
      RUNS,
    );
  });

  test('IPv6 in every spelling', () => {
    fc.assert(
      fc.property(any6, ([number, text]) => {
        expect(isRefused([], `[${text}]`)).toBe(!isGlobal6(number));
      }),
      RUNS,
    );
  });

  test('addresses in the notation of a resolver', () => {
    fc.assert(
      fc.property(any6, ([number, text]) => {
        expect(isIP(text)).toBe(6);
        const address = readAddress(text);
        expect(address !== null && specialKind(address) === null).toBe(isGlobal6(number));
      }),
      RUNS,
    );
  });

  const within = (number: bigint, other: bigint, bits: bigint, prefix: number): boolean =>
    number >> (bits - BigInt(prefix)) === other >> (bits - BigInt(prefix));

  test('an IPv4 range allows its addresses, but a metadata service must be listed by its address', () => {
    fc.assert(
      fc.property(any4, fours, fc.nat(32), fc.boolean(), ([number, text], other, prefix, near) => {
        const base = ((near ? number : other) >> BigInt(32 - prefix)) << BigInt(32 - prefix);
        const listed = within(number, base, 32n, prefix) && (prefix === 32 || !isMetadata4(number));
        expect(isRefused([`${dotted(base)}/${prefix}`], text)).toBe(!isGlobal4(number) && !listed);
        const inSix = `[::ffff:${dotted(number)}]`;
        expect(isRefused([`${dotted(base)}/${prefix}`], inSix)).toBe(!isGlobal4(number) && !listed);
      }),
      RUNS,
    );
  });

  test('an IPv6 range allows its addresses, but a metadata service must be listed by its address', () => {
    fc.assert(
      fc.property(any6, sixes, fc.nat(128), fc.boolean(), ([number, text], other, prefix, near) => {
        const base = ((near ? number : other) >> BigInt(128 - prefix)) << BigInt(128 - prefix);
        const groups = Array.from({ length: 8 }, (_, index) => (base >> BigInt(16 * (7 - index))) & 0xffffn);
        // A range of mapped addresses is a mistake; an address among them is the IPv4 address.
        fc.pre(prefix < 96 || base >> 32n !== 0xffffn);
        const isFour = number >> 32n === 0xffffn;
        const listed = !isFour && within(number, base, 128n, prefix) && (prefix === 128 || !isMetadata6(number));
        const entry = `${groups.map((group) => group.toString(16)).join(':')}/${prefix}`;
        expect(isRefused([entry], `[${text}]`)).toBe(!isGlobal6(number) && !listed);
      }),
      RUNS,
    );
  });
});

test.each(['', '1.2.3', '01.2.3.4', '0x7f.0.0.1', '1.2.3.4 ', 'fe80::1%lo', '::1%1', '1::2::3', '[::1]', 'localhost'])(
  '%j is not an address',
  (text) => {
    expect(readAddress(text)).toBeNull();
  },
);
