/**
 * The egress policy refuses a URL or an address. The message is for the user who gave the URL: it names the host and
 * the kind of its address, but never the address behind a name (that would map the operator's network) and never
 * credentials.
 */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
}

/** Makes the refusal of a host because of the kind of its address; names the variable that can allow it. */
export const refusedAddress = (host: string, kind: string): EgressRefused =>
  new EgressRefused(
    `Connections to ${host} are refused: its address is ${kind}. The operator can list it in GATEHOUSE_EGRESS_ALLOW.`,
  );
