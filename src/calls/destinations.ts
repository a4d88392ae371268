import type { Call } from './call-tool.ts';
import { bearerOf, planCredentials } from './credentials.ts';
import { ArgumentError, CallFailed } from './errors.ts';
import { headOf } from './request.ts';
import { baseOf } from './service.ts';
import type { Sent } from './types.ts';

/** The parts of a call that determine its destinations. */
export type Destined = Pick<Call, 'tool' | 'service' | 'account' | 'args'>;

/**
 * The requests of a call, without bodies: the call itself, null if it cannot be sent (it reports the reason itself), and
 * those for its tokens.
 */
export type Destinations = { readonly request: Sent | null; readonly tokenRequests: readonly Sent[] };

/**
 * Returns the destinations of a call: its request, with query and headers as sent, and the requests for its tokens, whose
 * scope and client are free text. `Call.mayFollow` is asked about redirects.
 */
export function destinationsOf({ tool, service, account, args }: Destined): Destinations {
  const planned = unlessUnsendable(() => {
    const base = baseOf(service, tool.request, account.context);
    return { base, credentials: planCredentials(account, service, tool.request, base) };
  });
  if (planned === null) {
    // Tokens are requested for what can be planned only.
    return { request: null, tokenRequests: [] };
  }
  const { base, credentials } = planned;
  const tokenRequests = credentials.flatMap((one) => ('grant' in one ? [{ url: one.grant.url, headers: [] }] : []));
  const request = unlessUnsendable(() => {
    // Where a token stands does not depend on the token.
    const all = credentials.map((one) => ('grant' in one ? bearerOf('') : one));
    const { url, headers } = headOf(tool.request, base, all, args);
    return { url: new URL(url), headers: Object.keys(headers) };
  });
  return { request, tokenRequests };
}

function unlessUnsendable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof CallFailed) {
      return null;
    }
    throw error;
  }
}
