import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Credentials } from '../auth/credentials.ts';
import { callerOf } from '../auth/sessions.ts';
import {
  type Caller,
  OPERATOR,
  type Permission,
  requirePermission,
  type Session,
  type TokenPermission,
} from '../base/caller.ts';
import { ApiError, forbidden } from '../base/errors.ts';
import { workFor } from '../base/work-owner.ts';
import type { Config } from '../config.ts';
import type { Operation } from '../contract/document.ts';
import { holderOf } from './memory.ts';
import { sessionTokenIn } from './session-cookie.ts';

/** Whether the operator must send a token, and where this server's own pages come from. */
type AdminAccess = Pick<Config, 'adminAuth'> & { readonly publicUrl: string };

type Check = (request: Request, credentials: Credentials, config: AdminAccess) => Caller | Promise<Caller>;

/** One kind of credentials in headers. */
type Kind = {
  /** Refuses requests that no credentials help. */
  readonly guard?: (headers: IncomingHttpHeaders, config: AdminAccess) => void;
  readonly check: Check;
  /** What a session has of this kind; null if the person has not signed in with any. */
  readonly inSession: (session: Session, config: AdminAccess) => Caller | null;
  /** Its name in errors. */
  readonly name: string;
};

/**
 * Checks the credentials that the document requires for an operation, before any body is read: one of its alternatives, of
 * which one may be a session. Credentials in headers win over a session. The roles of a security requirement are the
 * permissions that the key pair or the API token must have. Throws at boot for an unknown security scheme.
 */
export function authenticate(operation: Operation, credentials: Credentials, config: AdminAccess): RequestHandler[] {
  const alternatives = (operation.object.security ?? []).map((requirement) => ({
    schemes: Object.keys(requirement).toSorted().join(' '),
    permissions: Object.values(requirement).flat() as (Permission | TokenPermission)[],
  }));
  // The gateway's own: it looks for what the token serves.
  if (alternatives.length === 0 || alternatives.some(({ schemes }) => schemes === 'endpointToken')) {
    return [];
  }
  const [headers, ...others] = alternatives.filter(({ schemes }) => schemes !== 'session');
  const kind = headers === undefined ? SESSION_ONLY : KINDS[headers.schemes];
  const unknown = kind === undefined ? headers : others[0];
  if (kind === undefined || unknown !== undefined) {
    throw new Error(`${operation.id}: no credentials are known for the security schemes ${unknown?.schemes}`);
  }
  const permissions = headers?.permissions ?? [];
  const takesSessions = alternatives.some(({ schemes }) => schemes === 'session');
  const find = async (request: Request, isUse: boolean): Promise<Caller> => {
    kind.guard?.(request.headers, config);
    const session = takesSessions ? await sessionOf(request, credentials, config, isUse) : undefined;
    const caller = session === undefined ? await kind.check(request, credentials, config) : callerIn(session);
    for (const permission of permissions) {
      requirePermission(caller, permission);
    }
    return caller;
  };
  const callerIn = (session: Session): Caller =>
    kind.inSession(session, config) ??
    refuse(`You have not signed in with ${kind.name}, which this operation requires.`);
  return [
    async (request, _response, next) => {
      request.caller = await find(request, true);
      request.isStillAllowed = () => find(request, false).then(Boolean, isRefusal);
      workFor(holderOf(request.caller) ?? OPERATOR.kind, next);
    },
  ];
}

function refuse(reason: string): never {
  throw forbidden(reason);
}

/** Returns false for the refusal of credentials, and throws any other error again. */
function isRefusal(error: unknown): false {
  if (error instanceof ApiError && (error.code === 'unauthorized' || error.code === 'forbidden')) {
    return false;
  }
  throw error;
}

/** The session of a request that sends no other credentials. */
async function sessionOf(
  request: Request,
  credentials: Credentials,
  { publicUrl }: AdminAccess,
  isUse: boolean,
): Promise<Session | undefined> {
  const { headers } = request;
  const sendsOthers = ['authorization', 'x-api-key', 'x-api-secret'].some((name) => headers[name] !== undefined);
  const token = sendsOthers ? undefined : sessionTokenIn(request, publicUrl);
  return token === undefined ? undefined : credentials.session(token, isUse);
}

const operatorCheck: Check = ({ headers }, credentials) => {
  const token = bearerIn(headers);
  return credentials.operator(token) ?? refuseBearer('the operator token', token);
};

const apiTokenCheck: Check = async ({ headers }, credentials) => {
  const token = bearerIn(headers);
  const caller = token === undefined ? undefined : await credentials.apiToken(token);
  return caller ?? refuseBearer('an API token', token);
};

const keyPairCheck: Check = async ({ headers }, credentials) => {
  const { 'x-api-key': key, 'x-api-secret': secret } = headers;
  const caller =
    typeof key === 'string' && typeof secret === 'string' ? await credentials.keyPair(key, secret) : undefined;
  if (caller === undefined) {
    throw new ApiError('unauthorized', 'Send both X-API-KEY and X-API-SECRET of one key pair that has not expired.');
  }
  return caller;
};

const SESSION_ONLY: Kind = {
  check: () => {
    throw new ApiError('unauthorized', 'Nobody is signed in. Sign in with POST /console/session.');
  },
  inSession: callerOf,
  name: 'a session',
};

const KINDS: Readonly<Record<string, Kind>> = {
  operatorToken: {
    guard: (headers, { adminAuth, publicUrl }) => {
      if (adminAuth === 'none') {
        refuseForwardedAndForeign(headers, publicUrl);
      }
    },
    check: operatorCheck,
    inSession: ({ operator, person }, { adminAuth }) =>
      operator ?? (adminAuth === 'none' ? { ...OPERATOR, person } : null),
    name: 'the operator token',
  },
  apiToken: { check: apiTokenCheck, inSession: ({ apiToken }) => apiToken, name: 'an API token' },
  'apiKey apiSecret': { check: keyPairCheck, inSession: ({ keyPair }) => keyPair, name: 'a key pair' },
};

const bearerIn = ({ authorization = '' }: IncomingHttpHeaders): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization)?.[1];

/** The bearer token of a request (RFC 6750, section 2.1). */
export const bearer = ({ headers }: IncomingMessage): string | undefined => bearerIn(headers);

function refuseBearer(what: string, token: string | undefined): never {
  throw new ApiError('unauthorized', `Send ${what} as Authorization: Bearer <token>.`, {
    headers: { 'WWW-Authenticate': token === undefined ? 'Bearer' : 'Bearer error="invalid_token"' },
  });
}

/**
 * Headers that proxies add: each has a name of its own for the address of its client, the host that was asked, or the
 * way. Programs and browsers at this machine send none of them.
 */
const FORWARDING =
  /forward|^(?:via|cdn-loop|client-?ip)$|(?:^|-)(?:ip|ips|addr|address|clientip|socketip|realip)$|^(?:x-envoy-|x-proxy|cf-|x-amz-cf-|x-amzn-|x-azure-|x-appengine-|x-arr-|x-original-|x-cluster-)|^x-cloud-trace-context$/;

/**
 * Without credentials, only programs on this machine may send requests: no client of a proxy, and no page of another
 * site.
 */
function refuseForwardedAndForeign(headers: IncomingHttpHeaders, publicUrl: string): void {
  const forwarded = Object.keys(headers).find((name) => FORWARDING.test(name));
  if (forwarded !== undefined) {
    throw forbidden(`GATEHOUSE_ADMIN_AUTH=none does not accept forwarded requests (${forwarded}).`);
  }
  const { 'sec-fetch-site': site, origin } = headers;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreignSite || (origin !== undefined && origin !== new URL(publicUrl).origin)) {
    throw forbidden('GATEHOUSE_ADMIN_AUTH=none does not accept requests from pages of another site.');
  }
}
