import type { Call } from './call-tool.ts';
import { grantOf } from './credentials.ts';
import { ArgumentError, CallFailed } from './errors.ts';
import { fillPath } from './paths.ts';
import { urlOf } from './request.ts';
import { baseOf } from './service.ts';

export type Destined = Pick<Call, 'tool' | 'service' | 'account' | 'args'>;

/**
 * Every URL that a call would be sent to, without queries: that of the request, and that where its token is asked for, to
 * which scope and client are free to carry anything. Redirects are not followed. What has no URL is not sent: the call says why.
 */
export function destinationsOf({ tool: { request }, service, account, args }: Destined): URL[] {
  const urls = [
    urlIn(
      () =>
        new URL(urlOf(baseOf(service, request, account.context), fillPath(request.path, request.parameters, args), [])),
    ),
  ];
  if (account.authenticationMethod === 'oauth2_client_credentials') {
    urls.push(urlIn(() => grantOf(account, service).url));
  }
  return urls.filter((url) => url !== null);
}

function urlIn(read: () => URL): URL | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof CallFailed) {
      return null;
    }
    throw error;
  }
}
