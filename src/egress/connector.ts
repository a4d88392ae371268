import { ADDRCONFIG, promises as dns, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { buildConnector as Build } from 'undici';
import { buildConnector } from '../base/fast/undici.ts';
import { plainHost } from './hosts.ts';
import { type Policy, portOf } from './policy.ts';

/** Resolves a name to all its addresses. Rejects with the error of `node:dns`. */
export type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

/** The resolver of the operating system, without address families that the machine does not have. */
export const systemResolve: Resolve = (name) => dns.lookup(name, { all: true, hints: ADDRCONFIG });

/**
 * Opens the connections of an undici dispatcher under the policy. It resolves a name once. If one of its addresses is
 * refused, so is the name; otherwise it connects to these addresses, in the order of the resolver. The name for the
 * certificate (SNI, RFC 6066) is always the host of the URL, never the Host header. HTTP/1.1 only: foreign servers get
 * one protocol to attack, not two. Fails with `EgressRefused` before it sends any packet.
 */
export function createConnector(policy: Policy, resolve: Resolve): Build.connector {
  const checked = async (host: string, port: number): Promise<[LookupAddress, ...LookupAddress[]]> => {
    const [first, ...more] = await resolve(host);
    if (first === undefined) {
      throw Object.assign(new Error(`${host} has no address`), { code: 'ENODATA' });
    }
    for (const { address } of [first, ...more]) {
      policy.address(host, address, port);
    }
    return [first, ...more];
  };

  // The servername that undici gives follows the Host header of a request: it is not taken.
  return ({ hostname, host = '', protocol, port: given, localAddress = null }, callback) => {
    const port = portOf(protocol, given);
    const lookup: LookupFunction = (_name, { all }, done) => {
      checked(hostname, port).then(
        ([first, ...more]) => (all ? done(null, [first, ...more]) : done(null, first.address, first.family)),
        (error) => done(error, []),
      );
    };
    try {
      policy.host(hostname, port);
    } catch (error) {
      process.nextTick(callback, error, null);
      return;
    }
    // `lookup` must know the port, so each connection has its own; sessions to resume would end with it.
    const connect = buildConnector({ allowH2: false, maxCachedSessions: 0, lookup });
    const name = isIP(hostname) === 0 ? { servername: plainHost(hostname) } : {};
    connect({ hostname, host, protocol, port: given, localAddress, ...name }, callback);
  };
}
