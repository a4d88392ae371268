import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Address, isWithin, type Range, readAddress } from './addresses.ts';
import { plainHost } from './hosts.ts';

/** The destinations that the operator allows in addition to global unicast addresses. */
export type Allowed = {
  /** True if the name is listed, itself or by the wildcard of a domain above it. */
  readonly name: (name: string) => boolean;
  /** True if a listed range or address contains the address. */
  readonly address: (address: Address) => boolean;
  /** True if exactly this address is listed. */
  readonly exactly: (address: Address) => boolean;
};

/**
 * Parses GATEHOUSE_EGRESS_ALLOW: comma-separated entries, each a range (`10.0.0.0/8`, `fd00::/8`), an address
 * (`127.0.0.1`, `::1`), a host name (`mcp.internal`) or all names below one (`*.svc.cluster.local`). Returns them in
 * lower case. Throws an `Error` that names the invalid entry and the mistake.
 */
export function parseEgressAllow(text: string): readonly string[] {
  const entries = text.split(',').map((entry) => entry.trim().toLowerCase());
  entries.forEach(readEntry);
  return entries;
}

/** Compiles the entries of `parseEgressAllow` for comparisons. Throws the same errors. */
export function compileAllowed(entries: readonly string[]): Allowed {
  const read = entries.map(readEntry);
  const ranges = read.filter((entry) => typeof entry !== 'string');
  const names = read.filter((entry) => typeof entry === 'string');
  return {
    name: (name) => names.some((entry) => (entry.startsWith('*.') ? name.endsWith(entry.slice(1)) : name === entry)),
    address: (address) => ranges.some((range) => isWithin(address, range)),
    exactly: (address) => ranges.some(([base, bits]) => bits === width(base) && isWithin(address, [base, bits])),
  };
}

const NOTHING = 'is neither a range (10.0.0.0/8), an address nor a host name (without scheme, port and path)';
const LABELS = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

function readEntry(entry: string): Range | string {
  if (entry.includes('/')) {
    return readRange(entry);
  }
  const address = readAddress(entry);
  if (address !== null) {
    return [address, width(address)];
  }
  const name = plainHost(entry);
  const star = name.startsWith('*.') ? '*.' : '';
  const ascii = URL.parse(`http://${name.slice(star.length)}`)?.hostname ?? '';
  // A name that a URL reads as an address would never be compared as a name.
  if (/[:@?#%\\\s]/.test(entry) || isIP(ascii) !== 0 || !LABELS.test(star + ascii)) {
    throw mistake(entry, NOTHING);
  }
  return star + ascii;
}

function readRange(entry: string): Range {
  const [, text = '', digits = ''] = /^([^/]*)\/(\d{1,3})$/.exec(entry) ?? [];
  const base = readAddress(text);
  const bits = Number(digits);
  if (base === null || digits === '') {
    throw mistake(entry, NOTHING);
  }
  if (base.kind() === 'ipv4' && text.includes(':')) {
    throw mistake(entry, 'is a range of IPv4-mapped addresses; list the IPv4 range itself');
  }
  if (bits > width(base)) {
    throw mistake(entry, `has a prefix longer than ${width(base)} bits`);
  }
  const first = (base.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(entry).toString();
  if (first !== base.toString()) {
    throw mistake(entry, `has bits set beyond its prefix; ${first}/${bits} is the range, ${base} the address`);
  }
  return [base, bits];
}

/** Bits of an address of this version. */
const width = (address: Address): number => (address.kind() === 'ipv4' ? 32 : 128);

const mistake = (entry: string, what: string): Error => new Error(`${JSON.stringify(entry)} ${what}`);
