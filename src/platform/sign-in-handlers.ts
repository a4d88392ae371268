import type { Request, Response } from 'express';
import { signInMember } from '../auth/member-sign-in.ts';
import { createProvider, type Flow, type Provider } from '../auth/provider.ts';
import type { SignInDeps } from '../auth/sign-in.ts';
import { ApiError, CATALOGUE, helpLink, notFound } from '../base/errors.ts';
import { createFairLimiter, QueueFull } from '../base/fair-queue.ts';
import { readJson } from '../base/read-json.ts';
import type { ProviderConfig } from '../config.ts';
import type { RawHandlers } from '../contract/register.ts';
import { networkOf } from '../http/network-of.ts';
import { COOKIES, cookieIn, requireBrowserPlace, setCookie } from '../http/session-cookie.ts';
import { consolePage } from './console-page.ts';

/** Seconds for which a sign-in may be on its way. */
const FLOW_SECONDS = 600;
/**
 * Sign-ins that the provider is asked about at once, of all and from one address, and those from one address that wait.
 * Anybody can make up a sign-in that the provider has to be asked about.
 */
const ASKED = { slots: 16, slotsPerOwner: 8, mostWaiting: 64 };
/** Where a browser goes if the sign-in began nowhere. */
const START = '/console';
const CALLBACK = '/console/sign-in/callback';

type SignInHandler = (request: Request, response: Response) => Promise<void>;

/** A sign-in as the cookie of a browser holds it. */
type Begun = Flow & { readonly returnTo: string };

/** Creates the handlers of the sign-in with an OpenID provider. */
export function signInHandlers(
  deps: SignInDeps & { readonly publicUrl: string },
  config: ProviderConfig | null,
): Pick<RawHandlers, 'beginSignIn' | 'finishSignIn'> {
  const { publicUrl, now } = deps;
  const configured = config && createProvider(config, `${publicUrl}${CALLBACK}`);
  const provider = (): Provider => {
    if (configured === null) {
      throw notFound(
        'Provider',
        'This server has no OpenID provider: set GATEHOUSE_OIDC_ISSUER, or sign in with credentials.',
      );
    }
    requireBrowserPlace(publicUrl);
    return configured;
  };
  const asking = createFairLimiter(ASKED);
  const publicPath = new URL(publicUrl).pathname.replace(/\/$/, '');
  const sendConsole = consolePage(publicPath);
  /** A browser gets the page where people sign in, with the reason of the failure; programs get the error as it is. */
  const explained =
    (handle: SignInHandler): SignInHandler =>
    async (request, response) => {
      try {
        await handle(request, response);
      } catch (error) {
        if (!(error instanceof ApiError) || request.accepts(['json', 'html']) !== 'html') {
          throw error;
        }
        response.set('Link', helpLink(publicUrl, error.code));
        await sendConsole(response, { status: CATALOGUE[error.code].status, message: error.message });
      }
    };
  return {
    beginSignIn: explained(async (request: Request, response: Response) => {
      const { url, flow } = await provider().begin();
      const begun: Begun = { ...flow, returnTo: returnPath(request.query.return_to) };
      const text = Buffer.from(JSON.stringify(begun)).toString('base64url');
      response
        .status(302)
        .set('Location', url)
        .set('Set-Cookie', setCookie(COOKIES.signIn, publicUrl, text, FLOW_SECONDS))
        .end();
    }),

    finishSignIn: explained(async (request: Request, response: Response) => {
      const { finish } = provider();
      const begun = begunIn(cookieIn(COOKIES.signIn, request, publicUrl));
      // Whatever comes of it: this sign-in has ended.
      response.append('Set-Cookie', setCookie(COOKIES.signIn, publicUrl, '', 0));
      if (begun === undefined || begun.state !== request.query.state) {
        throw new ApiError(
          'unauthorized',
          'This sign-in was not begun in this browser, or has ended. Nobody was signed in. Begin again at /console/sign-in.',
        );
      }
      const query = request.originalUrl.replace(/^[^?]*\??/, '');
      const ask = async () => (response.closed ? null : finish(begun, query));
      const claims = await asking.run(networkOf(request.socket.remoteAddress ?? ''), ask).catch(asTooMany);
      if (claims === null) {
        // The browser has left while it waited.
        return;
      }
      const { session, token } = await signInMember(deps, claims);
      const seconds = Math.floor((session.expiresAt - now()) / 1000);
      response
        .status(302)
        .set('Location', publicPath + returnPath(begun.returnTo))
        .append('Set-Cookie', setCookie(COOKIES.session, publicUrl, token, seconds))
        .end();
    }),
  };
}

function asTooMany(error: unknown): never {
  throw error instanceof QueueFull
    ? new ApiError(
        'rate_limited',
        'Too many sign-ins from your address wait for the OpenID provider. Try again soon.',
        {
          retryAfterSeconds: 5,
          cause: error,
        },
      )
    : error;
}

/** A path of the console as it was given, or the start for anything else: the address of another host, for one. */
function returnPath(given: unknown): string {
  const url = typeof given === 'string' && given.startsWith('/console') ? URL.parse(given, 'http://console') : null;
  const isOurs = url?.host === 'console' && /^\/console(?:\/|$)/.test(url.pathname);
  return isOurs ? `${url.pathname}${url.search}` : START;
}

function begunIn(cookie: string | undefined): Begun | undefined {
  try {
    const begun = readJson(Buffer.from(cookie ?? '', 'base64url').toString()) as Partial<
      Record<keyof Begun, unknown>
    > | null;
    const { state, nonce, verifier, returnTo } = begun ?? {};
    const isWhole = [state, nonce, verifier, returnTo].every((part) => typeof part === 'string' && part !== '');
    return isWhole ? (begun as Begun) : undefined;
  } catch {
    return undefined;
  }
}
