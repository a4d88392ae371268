import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An IPv4 or IPv6 address; an IPv4-mapped one (RFC 4291, section 2.5.5.2) is the IPv4 address it connects to. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6;
/** All addresses that share the given number of first bits with the address. */
export type Range = readonly [Address, number];

/**
 * Reads an address as `node:net` understands it: four decimal numbers, or any spelling of IPv6 (RFC 4291, section
 * 2.2). Null for everything else, for zones (RFC 4007) too: they name an interface of this machine.
 */
export function readAddress(text: string): Address | null {
  switch (isIP(text)) {
    case 4:
      return ipaddr.IPv4.parse(text);
    case 6:
      return text.includes('%') ? null : ipaddr.process(withoutDots(text));
    default:
      return null;
  }
}

/** ipaddr.js takes `::8.8.8.8`, which is not the IPv4 address, for `::ffff:8.8.8.8`, which is; a URL knows better. */
const withoutDots = (text: string): string => new URL(`http://[${text}]`).hostname.slice(1, -1);

/** True if the address is of the same version and within the range. */
export const isWithin = (address: Address, [base, bits]: Range): boolean =>
  address.kind() === base.kind() && address.match(base, bits);

/** The addresses under which clouds tell a machine its credentials, in ranges of every kind, one of them public. */
const METADATA = new Set([
  '169.254.169.254', // most clouds
  '169.254.170.2', // Amazon ECS
  '169.254.170.23', // Amazon EKS
  '169.254.0.23', // Tencent
  '169.254.42.42', // Scaleway
  '100.100.100.200', // Alibaba
  '168.63.129.16', // Azure
  '192.0.0.192', // Oracle
  'fd00:ec2::254', // Amazon EC2
  'fd00:ec2::23', // Amazon EKS
  'fd20:ce::254', // Google
  'fd00:42::42', // Scaleway
]);

/** True if the address leads to a cloud's metadata service, directly or through a translator. */
export const isMetadata = (address: Address): boolean =>
  [address, ...embeddedIpv4Of(address)].some((one) => METADATA.has(one.toString()));

const KINDS: Readonly<Record<string, string>> = {
  unspecified: 'unspecified',
  loopback: 'loopback',
  private: 'private',
  linkLocal: 'link-local',
  uniqueLocal: 'unique-local',
  carrierGradeNat: 'carrier-grade NAT',
  multicast: 'multicast',
  broadcast: 'broadcast',
  rfc6052: 'NAT64',
  '6to4': '6to4',
  teredo: 'Teredo',
};
/** The IPv6 that is assigned for global unicast at all (RFC 4291, section 2.4, and the registry of IANA). */
const GLOBAL_UNICAST: Range = ipaddr.parseCIDR('2000::/3');
const NAT64: Range = ipaddr.parseCIDR('64:ff9b::/96');
const LOCAL_NAT64: Range = ipaddr.parseCIDR('64:ff9b:1::/48');
const COMPATIBLE: Range = ipaddr.parseCIDR('::/96');
const SIX_TO_FOUR: Range = ipaddr.parseCIDR('2002::/16');
const TEREDO: Range = ipaddr.parseCIDR('2001::/32');

/**
 * Returns in a word or two why an address is not global unicast; null if it is. An address of NAT64 under the
 * well-known prefix (RFC 6052) counts as its IPv4 address; networks without IPv4 reach IPv4 hosts through it.
 */
export function specialKind(address: Address): string | null {
  if (isMetadata(address)) {
    return 'cloud metadata';
  }
  const range = address.range();
  if (range === 'unicast') {
    return address.kind() === 'ipv4' || isWithin(address, GLOBAL_UNICAST) ? null : 'reserved';
  }
  if (isWithin(address, NAT64) && embeddedIpv4Of(address).every((inner) => specialKind(inner) === null)) {
    return null;
  }
  return KINDS[range] ?? 'reserved';
}

/**
 * The IPv4 address to which a translator or tunnel may carry packets for an IPv6 address: NAT64 (RFC 6052, RFC 8215
 * with 96 bits of prefix), 6to4 (RFC 3056), Teredo (RFC 4380), IPv4-compatible (RFC 4291). Empty if there is none.
 */
export function embeddedIpv4Of(address: Address): Address[] {
  const bytes = address.toByteArray();
  if ([NAT64, LOCAL_NAT64, COMPATIBLE].some((range) => isWithin(address, range))) {
    return [new ipaddr.IPv4(bytes.slice(12))];
  }
  if (isWithin(address, SIX_TO_FOUR)) {
    return [new ipaddr.IPv4(bytes.slice(2, 6))];
  }
  if (isWithin(address, TEREDO)) {
    return [new ipaddr.IPv4(bytes.slice(12).map((byte) => byte ^ 0xff))];
  }
  return [];
}
