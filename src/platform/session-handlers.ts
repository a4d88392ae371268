import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { components } from '../../generated/api.ts';
import { type Given, type SignInDeps, signIn, signOut, WrongCredentials } from '../auth/sign-in.ts';
import type { Caller, Session, SessionCaller } from '../base/caller.ts';
import { ApiError, forbidden, invalid, type Mistake } from '../base/errors.ts';
import { formatInstant } from '../base/instants.ts';
import type { Handlers, Input } from '../contract/operations.ts';
import type { RawHandlers } from '../contract/register.ts';
import type { Deps } from '../deps.ts';
import { networkOf } from '../http/network-of.ts';
import { COOKIES, requireBrowserPlace, setCookie } from '../http/session-cookie.ts';

type Schemas = components['schemas'];

/** Wrong sign-ins from one address, and the seconds in which they are counted. */
const WRONG_SIGN_INS = 5;
const COUNTED_SECONDS = 60;

/** The names in requests. */
const NAMES: Readonly<Record<keyof Given, string>> = {
  operatorToken: 'operator_token',
  apiToken: 'api_token',
  keyPair: 'api_key with api_secret',
};

/** Creates the handlers of sessions that answer with JSON. */
export function sessionHandlers(deps: Deps): Handlers<'createSession' | 'getSession'> {
  const { publicUrl, now } = deps;
  const countWrong = createCount();
  return {
    createSession: async ({ body, headers, address }, respond) => {
      requireBrowserPlace(publicUrl);
      refuseForeignPage(headers['sec-fetch-site']);
      const { session, token } = await signIn(deps, givenIn(body), body.name ?? null).catch(async (error: unknown) => {
        throw error instanceof WrongCredentials ? await countWrong(error, address) : error;
      });
      const seconds = Math.floor((session.expiresAt - now()) / 1000);
      return respond(200, toSession(session), { 'Set-Cookie': setCookie(COOKIES.session, publicUrl, token, seconds) });
    },

    getSession: ({ caller }, respond) => respond(200, toSession(sessionOf(caller).session)),
  };
}

/** Creates the handler that ends a session. */
export const endSession = (deps: SignInDeps & Pick<Deps, 'publicUrl'>): Pick<RawHandlers, 'deleteSession'> => ({
  deleteSession: async (request, response) => {
    await signOut(deps, sessionOf(request.caller).session);
    response
      .status(204)
      .set('Set-Cookie', setCookie(COOKIES.session, deps.publicUrl, '', 0))
      .end();
  },
});

/** Returns the caller as a person; operations about a session admit no others. */
function sessionOf(caller: Caller | undefined): SessionCaller {
  if (caller?.kind !== 'session') {
    throw new TypeError(`a session was asked for by ${caller?.kind ?? 'nobody'}`);
  }
  return caller;
}

function refuseForeignPage(site: string | undefined): void {
  if (site !== undefined && site !== 'same-origin') {
    throw forbidden('Only pages of this server may sign people in.');
  }
}

/** Reads the credentials of a body. Throws `validation_failed` where there are none, or half of a pair. */
function givenIn({ operator_token, api_token, api_key, api_secret }: Input<'createSession'>['body']): Given {
  const missing = (field: string, message = 'is required'): Mistake[] => [{ field, message, rule: 'required' }];
  if ((api_key === undefined) !== (api_secret === undefined)) {
    throw invalid(missing(api_key === undefined ? 'body.api_key' : 'body.api_secret'));
  }
  if (operator_token === undefined && api_token === undefined && api_key === undefined) {
    throw invalid(missing('body', 'must have operator_token, api_token, or api_key with api_secret'));
  }
  return {
    operatorToken: operator_token ?? null,
    apiToken: api_token ?? null,
    keyPair: api_key === undefined || api_secret === undefined ? null : { key: api_key, secret: api_secret },
  };
}

/** Counts a wrong sign-in, and returns the error for it. */
function createCount(): (wrong: WrongCredentials, address: string) => Promise<ApiError> {
  const limiter = new RateLimiterMemory({ points: WRONG_SIGN_INS, duration: COUNTED_SECONDS });
  return async ({ names }, address) => {
    const reason = `Wrong, or expired: ${names.map((name) => NAMES[name]).join(', ')}.`;
    try {
      await limiter.consume(networkOf(address));
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) {
        throw refused;
      }
      const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
      return new ApiError(
        'rate_limited',
        `${reason} There were ${WRONG_SIGN_INS} wrong sign-ins from your address within a minute; try again in ${seconds} s.`,
        { retryAfterSeconds: seconds },
      );
    }
    return new ApiError('unauthorized', `${reason} Nobody was signed in.`);
  };
}

const toSession = ({ person, organization, keyPair, apiToken, operator, expiresAt }: Session): Schemas['Session'] => {
  const all = [...(apiToken?.permissions ?? []), ...(keyPair?.permissions ?? []), ...(operator ? ['operator'] : [])];
  const order = ['accounts', 'servers', 'approvals', 'operator'] as const;
  return {
    name: person.name,
    organization,
    permissions: order.filter((permission) => all.includes(permission)),
    expires_at: formatInstant(expiresAt),
  };
};
