import type { MayBeSent } from '../base/not-sent.ts';
import { type Egress, EgressRefused } from '../egress/egress.ts';
import type { DerivedTool } from '../tools/types.ts';
import { CallFailed } from './errors.ts';
import { type SendLimits, send } from './send.ts';
import type { HttpAnswer, HttpRequest, Sent } from './types.ts';

/** Whether a GET may be sent to where a redirect leads. */
export type MayFollow = (sent: Sent) => boolean;

/** The last answer of a request, and the URL that gave it. */
export type Followed = {
  readonly answer: HttpAnswer;
  readonly url: URL;
  /** Every request went to the origin of the first one, so that its credentials came along. */
  readonly isAtOrigin: boolean;
};

/** The way out, and the limits of each request. */
export type FollowOptions = {
  readonly egress: Egress;
  readonly limits: SendLimits & { readonly mayBeSent?: MayBeSent | undefined };
  readonly mayFollow: MayFollow;
};

const MAX_REDIRECTS = 5;
/** Statuses whose `Location` is where the wanted thing is (RFC 9110, section 15.4). */
const REDIRECTS = [301, 302, 303, 307, 308];

/** Returns where a documented redirect leads; null for any other answer, and if that is no URL. */
export function documentedTarget({ request }: Pick<DerivedTool, 'request'>, answer: HttpAnswer, from: URL): URL | null {
  const isDocumented = [String(answer.status), '3XX'].some((status) => request.redirects?.includes(status) === true);
  return isDocumented ? targetOf(answer, from) : null;
}

/** Returns where a redirect leads; null for an answer that is none, and if that is no URL. */
export function targetOf({ status, headers }: HttpAnswer, from: URL): URL | null {
  return REDIRECTS.includes(status) && headers.location !== undefined ? URL.parse(headers.location, from.href) : null;
}

/**
 * Follows the documented redirect of a GET, at most 5 times. Everything that the request said of itself (credentials,
 * headers of arguments) stays within its origin. Returns the redirect itself where it must not be followed: it leads
 * from https to http, to where the egress policy or `mayFollow` refuses to go, in a circle, or to nobody. Throws like
 * `send`, but for what cannot be reached.
 */
export async function follow(
  { url: address, headers: own }: Pick<HttpRequest, 'url' | 'headers'>,
  redirect: HttpAnswer,
  { egress, limits, mayFollow }: FollowOptions,
): Promise<Followed> {
  const from = new URL(address);
  let last: Followed = { answer: redirect, url: from, isAtOrigin: true };
  for (let redirects = 0; redirects < MAX_REDIRECTS; redirects += 1) {
    const url = targetOf(last.answer, last.url);
    if (url === null) {
      return last;
    }
    const isAtOrigin = last.isAtOrigin && url.origin === from.origin;
    const headers = isAtOrigin ? own : {};
    if (
      (last.url.protocol === 'https:' && url.protocol !== 'https:') ||
      !mayFollow({ url, headers: Object.keys(headers) })
    ) {
      return last;
    }
    try {
      url.hash = '';
      const answer = await send(egress, { method: 'GET', url: url.href, headers, body: null }, limits);
      last = { answer, url, isAtOrigin };
    } catch (error) {
      if (error instanceof EgressRefused || (error instanceof CallFailed && error.isUnsent)) {
        return last;
      }
      throw error;
    }
  }
  return last;
}
