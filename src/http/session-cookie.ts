import type { IncomingMessage } from 'node:http';

/** A token of a session, as `Ids.session` makes them. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** The name of the cookie. Under https the prefix keeps other hosts and plain http from setting it (RFC 6265bis). */
const nameOf = (publicUrl: string): string =>
  publicUrl.startsWith('https:') ? '__Host-gatehouse_session' : 'gatehouse_session';

/** Returns the value of `Set-Cookie` that gives a browser a token for some seconds, or takes it back. */
export function sessionCookie(publicUrl: string, token: string, maxAgeSeconds: number): string {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  return `${nameOf(publicUrl)}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
}

/**
 * Returns the token in the cookie of a request, unless the request may be forged: browsers tell in `Sec-Fetch-Site` which
 * pages a request comes from. Pages of another port of the host are not of this server, and send its cookies. A cookie that
 * is there twice counts as none: somebody else has set one of them.
 */
export function sessionTokenIn(request: IncomingMessage, publicUrl: string): string | undefined {
  const start = `${nameOf(publicUrl)}=`;
  const [token, ...others] = (request.headers.cookie ?? '')
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie.startsWith(start))
    .map((cookie) => cookie.slice(start.length));
  const isOne = token !== undefined && others.length === 0 && TOKEN.test(token);
  return isOne && !isForged(request) ? token : undefined;
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
