import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Credentials } from '../auth/credentials.ts';
import { type Caller, type Permission, requirePermission, type TokenPermission } from '../base/caller.ts';
import { ApiError, forbidden } from '../base/errors.ts';
import type { Config } from '../config.ts';
import type { Operation } from '../contract/document.ts';

/** Whether the operator must send a token, and where this server's own pages come from. */
type AdminAccess = Pick<Config, 'adminAuth'> & { readonly publicUrl: string };

/**
 * Checks the credentials that the document requires for an operation, before any body is read. The roles of a security
 * requirement are the permissions that the key pair or the API token must have. Throws at boot for an unknown security
 * scheme.
 */
export function authenticate(operation: Operation, credentials: Credentials, config: AdminAccess): RequestHandler[] {
  const [requirement] = operation.object.security ?? [];
  if (requirement === undefined) {
    return [];
  }
  const schemes = Object.keys(requirement).toSorted().join(' ');
  if (schemes === 'endpointToken') {
    // The gateway's own: it looks for what the token serves.
    return [];
  }
  const check = { operatorToken: operatorCheck, 'apiKey apiSecret': keyPairCheck, apiToken: apiTokenCheck }[schemes];
  if (check === undefined) {
    throw new Error(`${operation.id}: no credentials are known for the security schemes ${schemes}`);
  }
  const permissions = (requirement.apiKey ?? requirement.apiToken ?? []) as readonly (Permission | TokenPermission)[];
  return [
    async (request, _response, next) => {
      const caller = await check(request, credentials, config);
      for (const permission of permissions) {
        requirePermission(caller, permission);
      }
      request.caller = caller;
      next();
    },
  ];
}

type Check = (request: Request, credentials: Credentials, config: AdminAccess) => Caller | Promise<Caller>;

const operatorCheck: Check = (request, credentials, config) => {
  if (config.adminAuth === 'none') {
    refuseForwardedAndForeign(request, config.publicUrl);
  }
  const token = bearer(request);
  return credentials.operator(token) ?? refuseBearer('the operator token', token);
};

const apiTokenCheck: Check = async (request, credentials) => {
  const token = bearer(request);
  const caller = token === undefined ? undefined : await credentials.apiToken(token);
  return caller ?? refuseBearer('an API token', token);
};

/** The bearer token of a request (RFC 6750, section 2.1). */
export const bearer = (request: IncomingMessage): string | undefined =>
  /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];

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
function refuseForwardedAndForeign(request: Request, publicUrl: string): void {
  const forwarded = Object.keys(request.headers).find((name) => FORWARDING.test(name));
  if (forwarded !== undefined) {
    throw forbidden(`GATEHOUSE_ADMIN_AUTH=none does not accept forwarded requests (${forwarded}).`);
  }
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreignSite || (origin !== undefined && origin !== new URL(publicUrl).origin)) {
    throw forbidden('GATEHOUSE_ADMIN_AUTH=none does not accept requests from pages of another site.');
  }
}

const keyPairCheck: Check = async (request, credentials) => {
  const key = request.headers['x-api-key'];
  const secret = request.headers['x-api-secret'];
  const caller =
    typeof key === 'string' && typeof secret === 'string' ? await credentials.keyPair(key, secret) : undefined;
  if (caller === undefined) {
    throw new ApiError('unauthorized', 'Send both X-API-KEY and X-API-SECRET of one key pair that has not expired.');
  }
  return caller;
};
