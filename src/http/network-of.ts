import ipaddr from 'ipaddr.js';

/** Bytes of the IPv6 prefix that a network gives to one customer alone. Addresses of IPv4 have fewer. */
const IPV6_PREFIX_BYTES = 8;

/** Returns the part of an address that tells strangers apart: a customer has many IPv6 addresses with the same prefix. */
export function networkOf(address: string): string {
  const bytes = ipaddr.process(address).toByteArray();
  return bytes.slice(0, IPV6_PREFIX_BYTES).join('.');
}
