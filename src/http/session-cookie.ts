import type { IncomingMessage } from 'node:http';
import { forbidden } from '../base/errors.ts';
import { isLoopback } from '../config.ts';

type Cookie = { readonly name: string; readonly sameSite: 'Strict' | 'Lax' };

/** The cookies of this server. That of a sign-in must come along when the provider sends the browser back. */
export const COOKIES = {
  session: { name: 'gatehouse_session', sameSite: 'Strict' },
  signIn: { name: 'gatehouse_sign_in', sameSite: 'Lax' },
} as const satisfies Readonly<Record<string, Cookie>>;

/** A token of a session, as `Ids.session` makes them. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Under https the prefix keeps other hosts and plain http from setting it (RFC 6265bis). */
const nameOf = ({ name }: Cookie, publicUrl: string): string =>
  publicUrl.startsWith('https:') ? `__Host-${name}` : name;

/** Returns the value of `Set-Cookie` that gives a browser a cookie for some seconds, or takes it back. */
export function setCookie(cookie: Cookie, publicUrl: string, value: string, maxAgeSeconds: number): string {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  const attributes = `Path=/; HttpOnly; SameSite=${cookie.sameSite}; Max-Age=${maxAgeSeconds}${secure}`;
  return `${nameOf(cookie, publicUrl)}=${value}; ${attributes}`;
}

/**
 * Returns the value of a cookie of a request. One that is there twice counts as none: somebody else has set one of them.
 */
export function cookieIn(cookie: Cookie, { headers }: IncomingMessage, publicUrl: string): string | undefined {
  const start = `${nameOf(cookie, publicUrl)}=`;
  const [value, ...others] = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start))
    .map((pair) => pair.slice(start.length));
  return others.length === 0 ? value : undefined;
}

/**
 * Returns the token of the session of a request, unless the request may be forged: browsers tell in `Sec-Fetch-Site` which
 * pages a request comes from. Pages of another port of the host are not of this server, and send its cookies.
 */
export function sessionTokenIn(request: IncomingMessage, publicUrl: string): string | undefined {
  const token = cookieIn(COOKIES.session, request, publicUrl);
  return token !== undefined && TOKEN.test(token) && !isForged(request) ? token : undefined;
}

function isForged({ method, headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (method === 'GET' || method === 'HEAD') {
    return site !== 'same-origin' && site !== 'none';
  }
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  // Forms can send other types to other sites without asking.
  const isJson = /^application\/json *(?:;|$)/i.test(headers['content-type'] ?? '');
  return site !== 'same-origin' || (hasBody && !isJson);
}

/**
 * Browsers name the site of a request only over https and to this machine; elsewhere no session would ever count. Throws
 * `forbidden` there.
 */
export function requireBrowserPlace(publicUrl: string): void {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol !== 'https:' && !isLoopback(hostname.replaceAll(/[[\]]/g, ''))) {
    throw forbidden(
      `People can sign in over https or on this machine only, and clients reach this server at ${publicUrl}. Put a proxy with TLS in front of it, and set GATEHOUSE_PUBLIC_URL to its https URL.`,
    );
  }
}
