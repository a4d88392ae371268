import type { Request, RequestHandler } from 'express';
import { type Caller, type Permission, requirePermission } from '../caller.ts';
import type { Config } from '../config.ts';
import type { Operation } from '../contract/document.ts';
import type { Credentials } from '../credentials.ts';
import { ApiError, forbidden } from '../errors.ts';

/**
 * Checks the credentials that the document wants for an operation, before any body is read. The roles of a security
 * requirement are the permissions that the key pair must have. Throws at boot for a scheme that it does not know.
 */
export function authenticate(
  operation: Operation,
  credentials: Credentials,
  config: Pick<Config, 'adminAuth' | 'publicUrl'>,
): RequestHandler[] {
  const [requirement] = operation.object.security ?? [];
  if (requirement === undefined) {
    return [];
  }
  const schemes = Object.keys(requirement).toSorted().join(' ');
  const check = { operatorToken: operatorCheck, 'apiKey apiSecret': keyPairCheck }[schemes];
  if (check === undefined) {
    throw new Error(`${operation.id}: no credentials are known for the security schemes ${schemes}`);
  }
  return [
    async (request, _response, next) => {
      request.caller = await check(request, credentials, config, (requirement.apiKey ?? []) as readonly Permission[]);
      next();
    },
  ];
}

type Check = (
  request: Request,
  credentials: Credentials,
  config: Pick<Config, 'adminAuth' | 'publicUrl'>,
  permissions: readonly Permission[],
) => Caller | Promise<Caller>;

const operatorCheck: Check = (request, credentials, config) => {
  if (config.adminAuth === 'none') {
    refuseForwardedAndForeign(request, config.publicUrl);
  }
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const operator = credentials.operator(token);
  if (operator === undefined) {
    throw new ApiError('unauthorized', 'Send the operator token as Authorization: Bearer <token>.', {
      headers: { 'WWW-Authenticate': token === undefined ? 'Bearer' : 'Bearer error="invalid_token"' },
    });
  }
  return operator;
};

/** Without credentials, only somebody at this machine may ask: not a proxy's client, and not a page of another site. */
function refuseForwardedAndForeign(request: Request, publicUrl: string): void {
  const forwarded = Object.keys(request.headers).find(
    (name) => name === 'forwarded' || name.startsWith('x-forwarded-') || name === 'x-real-ip' || name === 'via',
  );
  if (forwarded !== undefined) {
    throw forbidden(`GATEHOUSE_ADMIN_AUTH=none takes no forwarded requests (${forwarded}).`);
  }
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreignSite || (origin !== undefined && origin !== new URL(publicUrl).origin)) {
    throw forbidden('GATEHOUSE_ADMIN_AUTH=none takes no requests from pages of another site.');
  }
}

const keyPairCheck: Check = async (request, credentials, _config, permissions) => {
  const key = request.headers['x-api-key'];
  const secret = request.headers['x-api-secret'];
  const caller =
    typeof key === 'string' && typeof secret === 'string' ? await credentials.keyPair(key, secret) : undefined;
  if (caller === undefined) {
    throw new ApiError('unauthorized', 'Send both X-API-KEY and X-API-SECRET of one key pair that has not expired.');
  }
  for (const permission of permissions) {
    requirePermission(caller, permission);
  }
  return caller;
};
