/**
 * A URL or an address that the egress policy does not let through. The message is meant for whoever gave the URL: it
 * names the host and the kind of its address, never the address behind a name (that would map the operator's network)
 * and never credentials.
 */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
}

/** The refusal of a host for the kind of its address, with the variable in which the operator can allow it. */
export const refusedAddress = (host: string, kind: string): EgressRefused =>
  new EgressRefused(
    `Connections to ${host} are refused: its address is ${kind}. The operator can list it in GATEHOUSE_EGRESS_ALLOW.`,
  );
