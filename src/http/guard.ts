import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';
import { ApiError, forbidden } from '../base/errors.ts';
import type { Config } from '../config.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Probes come from load balancers under any name. */
const EXEMPT = new Set(['/healthz', '/readyz']);

/** `host[:port]`, and nothing that a URL may hold besides. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d*)?$/;

const isSentTwice = (rawHeaders: readonly string[]): boolean =>
  rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length > 1;

/** Throws `forbidden` for a request to another server, and `malformed_request` for a request without a host. */
export type Guard = (request: IncomingMessage, path: string) => void;

/**
 * Refuses requests that were not meant for this server: with a foreign `Host` (DNS rebinding), or with an `Origin` that
 * is neither the server's own nor configured (a page in a user's browser).
 */
export function createGuard(config: Pick<Config, 'host' | 'corsOrigins'> & { readonly publicUrl: string }): Guard {
  const own = new URL(config.publicUrl);
  const hosts = new Set([...LOOPBACK, own.hostname, config.host.includes(':') ? `[${config.host}]` : config.host]);
  const isAllowed = (origin: string) =>
    [own.origin, ...config.corsOrigins].some((allowed) =>
      typeof allowed === 'string' ? allowed === origin : allowed.test(origin),
    );
  return ({ headers, rawHeaders, httpVersion }, path) => {
    if (headers.host === undefined && httpVersion === '1.1') {
      throw new ApiError('malformed_request', 'The request has no Host header; send one (RFC 9112, section 3.2).');
    }
    if (EXEMPT.has(path)) {
      return;
    }
    const { host = '', origin } = headers;
    if (!HOST.test(host) || !hosts.has(host.replace(/:\d*$/, '').toLowerCase()) || isSentTwice(rawHeaders)) {
      throw forbidden('The Host header names another server. Use the URL in GATEHOUSE_PUBLIC_URL.');
    }
    // A page of this very server, under whichever of its names.
    const isOwn = origin !== undefined && URL.parse(origin)?.host === host.toLowerCase();
    if (origin !== undefined && !isOwn && !isAllowed(origin)) {
      throw forbidden('This browser origin is not allowed. Add it to GATEHOUSE_CORS_ORIGINS.');
    }
  };
}

/** Calls `next`, or answers. */
export type CrossOrigin = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Cross-origin resource sharing for the configured origins, if there are any; their preflights are answered here. */
export function crossOrigin(origins: Config['corsOrigins']): CrossOrigin {
  if (origins.length === 0) {
    return (_request, _response, next) => next();
  }
  const share = cors({
    origin: [...origins],
    exposedHeaders: [
      ...['Allow', 'ETag', 'Link', 'Location', 'Mcp-Session-Id', 'Preference-Applied'],
      ...['Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
    ],
    maxAge: 600,
  });
  return (request, response, next) => {
    const isPreflight = request.headers['access-control-request-method'] !== undefined;
    if (request.method === 'OPTIONS' && !isPreflight) {
      next();
    } else {
      share(request, response, next);
    }
  };
}
