import { networkInterfaces } from 'node:os';
import { type Address, embeddedIpv4Of, readAddress } from './addresses.ts';
import { plainHost } from './hosts.ts';

/**
 * An address of the gateway itself: an address on which it listens (a wildcard stands for every address of the
 * machine), or the host of its public URL.
 */
export type OwnEndpoint = { readonly host: string; readonly port: number };

/** True if the name and port are the gateway's own. */
export const isOwnName = (own: readonly OwnEndpoint[], name: string, port: number): boolean =>
  own.some((endpoint) => endpoint.port === port && plainHost(endpoint.host) === name);

/** True if a connection to the address and port may arrive at the gateway itself. */
export function isOwnAddress(own: readonly OwnEndpoint[], address: Address, port: number): boolean {
  const faces = [address, ...embeddedIpv4Of(address)];
  return own
    .filter((endpoint) => endpoint.port === port)
    .map((endpoint) => readAddress(plainHost(endpoint.host)))
    .some((listening) => listening !== null && faces.some((face) => reaches(face, listening)));
}

function reaches(target: Address, listening: Address): boolean {
  if (listening.range() === 'unspecified') {
    return target.range() === 'loopback' || target.range() === 'unspecified' || isOfThisMachine(target);
  }
  // The kernel takes a connection to the unspecified address for one to this machine.
  return target.range() === 'unspecified' || target.toString() === listening.toString();
}

const isOfThisMachine = (target: Address): boolean =>
  Object.values(networkInterfaces()).some((addresses = []) =>
    addresses.some(({ address }) => readAddress(address)?.toString() === target.toString()),
  );
