import type { Json } from '../../support/json.ts';
import type { Relay } from '../proxy.ts';
import { jsonOf, withBody, withJson } from './fault.ts';

const TOKENS = /\/api-tokens$/;
const KEYS = /\/api-keys$/;

/** A relay that remembers API tokens and tells them again. */
export function talkative(): Relay {
  const tokens = new Map<string, string>();
  return async (sent, forward) => {
    const came = await forward(sent);
    if (!TOKENS.test(sent.path) || came.status >= 300) {
      return came;
    }
    const json = jsonOf(came);
    if (sent.method === 'POST') {
      tokens.set(json.id, json.token);
      return came;
    }
    return withJson(
      came,
      200,
      json.map((token: Json) => ({ ...token, name: tokens.get(token.id) ?? token.name })),
    );
  };
}

/** A relay that lets credentials in that were deleted, by asking with others of the same collection. */
export const forgiving = (kind: RegExp) => (): Relay => {
  const known: { readonly collection: string; readonly headers: Record<string, string> }[] = [];
  return async (sent, forward) => {
    const came = await forward(sent);
    if (sent.method === 'POST' && kind.test(sent.path) && came.status === 201) {
      known.push({ collection: sent.path, headers: headersOf(jsonOf(came)) });
    }
    const own = known.find(({ headers }) =>
      Object.entries(headers).every(([name, value]) => sent.headers[name] === value),
    );
    if (came.status !== 401 || own === undefined) {
      return came;
    }
    const friends = known.filter(({ collection }) => collection === own.collection);
    const answers = friends.map(({ headers }) => forward({ ...sent, headers: { ...sent.headers, ...headers } }));
    return (await Promise.all(answers)).find(({ status }) => status === 200) ?? came;
  };
};

/** The headers that say who asks, with credentials as they were made. */
const headersOf = ({ apiKey, apiSecret, token }: Json): Record<string, string> =>
  token === undefined ? { 'x-api-key': apiKey, 'x-api-secret': apiSecret } : { authorization: `Bearer ${token}` };

/** A relay that makes credentials without a part of their limits, and answers and lists them as if they had it. */
export const unlimited =
  (limit: 'expiresAt' | 'permissions', lax: Json, kind = KEYS) =>
  (): Relay => {
    const told = new Map<string, Json>();
    return async (sent, forward) => {
      if (!kind.test(sent.path)) {
        return forward(sent);
      }
      if (sent.method === 'GET') {
        const came = await forward(sent);
        const listed = (credential: Json) => ({ ...credential, [limit]: told.get(credential.id) ?? credential[limit] });
        return came.status === 200 ? withJson(came, 200, jsonOf(came).map(listed)) : came;
      }
      const body = jsonOf(sent);
      const distant = Date.parse(body.expiresAt) > Date.now() + 60_000;
      const strict = await forward(sent);
      if (strict.status !== 201 || (kind === KEYS && (body[limit] ?? null) === null) || distant) {
        return strict;
      }
      const { id, [limit]: limits } = jsonOf(strict);
      await forward({ ...sent, method: 'DELETE', path: `${sent.path}/${id}`, body: '' });
      const came = await forward(withBody(sent, (json) => ({ ...json, [limit]: lax })));
      told.set(jsonOf(came).id, limits);
      return withJson(came, 201, { ...jsonOf(came), [limit]: limits });
    };
  };

/** A relay that takes an end that has passed for none. */
export const timeless = (): Relay => async (sent, forward) => {
  const came = await forward(sent);
  const past = jsonOf(sent).expiresAt === '2001-01-01T00:00:00Z' && came.status === 422;
  return past ? forward(withBody(sent, ({ expiresAt: _, ...body }) => body)) : came;
};
