import cors from 'cors';
import type { RequestHandler } from 'express';
import type { Config } from '../config.ts';
import { forbidden } from '../errors.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Probes come from load balancers under any name. */
const EXEMPT = new Set(['/healthz', '/readyz']);

/**
 * Refuses requests that were not meant for this server: a `Host` other than its own (DNS rebinding), and an `Origin`
 * that is neither its own nor configured (a page in somebody's browser).
 */
export function guard(config: Pick<Config, 'host' | 'corsOrigins'> & { readonly publicUrl: string }): RequestHandler {
  const own = new URL(config.publicUrl);
  const hosts = new Set([...LOOPBACK, own.hostname, config.host.includes(':') ? `[${config.host}]` : config.host]);
  const origins = new Set([own.origin, ...config.corsOrigins]);
  return (request, _response, next) => {
    if (EXEMPT.has(request.path)) {
      next();
      return;
    }
    const host = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname;
    if (host === undefined || !hosts.has(host)) {
      throw forbidden('The Host header names another server; reach this one under GATEHOUSE_PUBLIC_URL.');
    }
    const { origin } = request.headers;
    if (origin !== undefined && !origins.has(origin)) {
      throw forbidden('Pages of this origin may not ask; list it in GATEHOUSE_CORS_ORIGINS.');
    }
    next();
  };
}

/** Cross-origin resource sharing for the configured origins; preflights are answered here. */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    exposedHeaders: ['Location', 'Retry-After', 'ETag', 'X-Request-Id', 'Mcp-Session-Id', 'Preference-Applied'],
    maxAge: 600,
  });
}
