import type { Call } from './call-tool.ts';
import { credentialOf, grantOf } from './credentials.ts';
import { ArgumentError, CallFailed } from './errors.ts';
import { headOf } from './request.ts';
import { baseOf } from './service.ts';
import type { Sent } from './types.ts';

/** The parts of a call that determine its destinations. */
export type Destined = Pick<Call, 'tool' | 'service' | 'account' | 'args'>;

/**
 * The requests of a call, without bodies; null if there is none, or if it cannot be sent (the call itself reports the
 * reason).
 */
export type Destinations = { readonly request: Sent | null; readonly tokenRequest: Sent | null };

/**
 * Returns the destinations of a call: its request, with query and headers as sent, and the request for its token, whose
 * scope and client are free text. `Call.mayFollow` is asked about redirects.
 */
export async function destinationsOf({ tool, service, account, args }: Destined): Promise<Destinations> {
  const request = async (): Promise<Sent> => {
    const base = baseOf(service, tool.request, account.context);
    // Where a token stands does not depend on the token.
    const credential = await credentialOf(account, service.security, async () => '');
    const { url, headers } = headOf(tool.request, base, credential, args);
    return { url: new URL(url), headers: Object.keys(headers) };
  };
  const tokenRequest = async (): Promise<Sent | null> =>
    account.authenticationMethod === 'oauth2_client_credentials'
      ? { url: grantOf(account, service).url, headers: [] }
      : null;
  return { request: await unlessUnsendable(request), tokenRequest: await unlessUnsendable(tokenRequest) };
}

async function unlessUnsendable<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof CallFailed) {
      return null;
    }
    throw error;
  }
}
