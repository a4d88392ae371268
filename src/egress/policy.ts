import ipaddr from 'ipaddr.js';
import { isMetadata, readAddress, specialKind } from './addresses.ts';
import type { Allowed } from './allow.ts';
import { EgressRefused, refusedAddress } from './egress-refused.ts';
import { isLocalhost, isMetadataName, plainHost } from './hosts.ts';
import { isOwnAddress, isOwnName, type OwnEndpoint } from './own-endpoints.ts';

/** The rules. All of them throw `EgressRefused` and use no network. */
export type Policy = {
  /** Checks scheme, credentials, and the host. */
  readonly url: (url: URL) => void;
  /** Checks a host before any look-up: literal addresses, local and metadata names. */
  readonly host: (host: string, port: number) => void;
  /** Checks one address, as text, that `host` resolved to. */
  readonly address: (host: string, address: string, port: number) => void;
};

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'ws:': 80, 'wss:': 443 };
/** The address that a name of this machine resolves to. */
const LOCAL = [ipaddr.parse('127.0.0.1'), ipaddr.parse('::1')];

/** Returns the port of a connection: the port `text` of the URL, or the default of the scheme for `''`. */
export const portOf = (protocol: string, text: string): number => Number(text || PORTS[protocol]);

/**
 * Creates the policy: global unicast addresses, and destinations that the operator allows. Two exceptions: a metadata
 * service must be listed by its exact address (ranges such as `fd00::/8` and `100.64.0.0/10` contain some, and a
 * wildcard of names may include a name that another person created), and the gateway itself is never allowed.
 */
export function createPolicy(allowed: Allowed, own: () => readonly OwnEndpoint[]): Policy {
  const address: Policy['address'] = (host, text, port) => {
    const parsed = readAddress(text);
    if (parsed === null) {
      throw refusedAddress(host, 'not readable');
    }
    if (isOwnAddress(own(), parsed, port)) {
      throw refusedOwn(host, port);
    }
    if (
      allowed.exactly(parsed) ||
      (!isMetadata(parsed) && (allowed.name(plainHost(host)) || allowed.address(parsed)))
    ) {
      return;
    }
    const kind = specialKind(parsed);
    if (kind !== null) {
      throw refusedAddress(host, kind);
    }
  };

  const host: Policy['host'] = (given, port) => {
    const name = plainHost(given);
    if (readAddress(name) !== null || name.includes(':')) {
      address(given, name, port);
    } else if (name === '') {
      throw new EgressRefused('Connections to a URL without a host are refused.');
    } else if (isOwnName(own(), name, port)) {
      throw refusedOwn(given, port);
    } else if (isMetadataName(name) && !allowed.name(name)) {
      throw refusedAddress(given, 'cloud metadata');
    } else if (isLocalhost(name) && !allowed.name(name) && !LOCAL.some(allowed.address)) {
      throw refusedAddress(given, 'loopback');
    }
  };

  const url: Policy['url'] = ({ protocol, username, password, hostname, port }) => {
    if (PORTS[protocol] === undefined) {
      throw new EgressRefused(`URLs with the scheme ${protocol} are refused: use http, https, ws or wss.`);
    }
    if (username !== '' || password !== '') {
      throw new EgressRefused(`The URL of ${hostname} is refused: it must not contain credentials.`);
    }
    host(hostname, portOf(protocol, port));
  };

  return { url, host, address };
}

const refusedOwn = (host: string, port: number): EgressRefused =>
  new EgressRefused(
    `Connections to ${host} are refused: port ${port} there is the gateway itself, whatever GATEHOUSE_EGRESS_ALLOW lists.`,
  );
