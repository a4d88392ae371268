import type { Relay } from '../proxy.ts';
import { type Json, jsonOf, withBody, withJson } from './fault.ts';

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

/** A relay that lets a pair in that was deleted, by asking with another of the same organization. */
export function forgiving(): Relay {
  const pairs: { collection: string; headers: { 'x-api-key': string; 'x-api-secret': string } }[] = [];
  return async (sent, forward) => {
    const came = await forward(sent);
    const { apiKey, apiSecret } = jsonOf(came);
    if (apiKey !== undefined) {
      pairs.push({ collection: sent.path, headers: { 'x-api-key': apiKey, 'x-api-secret': apiSecret } });
    }
    const pair = pairs.find(({ headers }) => headers['x-api-secret'] === sent.headers['x-api-secret']);
    if (came.status !== 401 || pair === undefined || pair.headers['x-api-key'] !== sent.headers['x-api-key']) {
      return came;
    }
    const friends = pairs.filter(({ collection }) => collection === pair.collection);
    const answers = friends.map(({ headers }) => forward({ ...sent, headers: { ...sent.headers, ...headers } }));
    return (await Promise.all(answers)).find(({ status }) => status === 200) ?? came;
  };
}

/** A relay that makes key pairs without a part of their limits, and answers as if they had it. */
export const unlimited =
  (limit: 'expiresAt' | 'permissions', lax: Json): (() => Relay) =>
  () =>
  async (sent, forward) => {
    const body = jsonOf(sent);
    const distant = Date.parse(body.expiresAt) > Date.now() + 60_000;
    if (sent.method !== 'POST' || !KEYS.test(sent.path) || (body[limit] ?? null) === null || distant) {
      return forward(sent);
    }
    const strict = await forward(sent);
    if (strict.status !== 201) {
      return strict;
    }
    const came = await forward(withBody(sent, (json) => ({ ...json, [limit]: lax })));
    return withJson(came, 201, { ...jsonOf(came), [limit]: jsonOf(strict)[limit] });
  };

/** A relay that takes an end that has passed for none. */
export const timeless = (): Relay => async (sent, forward) => {
  const came = await forward(sent);
  const past = jsonOf(sent).expiresAt === '2001-01-01T00:00:00Z' && came.status === 422;
  return past ? forward(withBody(sent, ({ expiresAt: _, ...body }) => body)) : came;
};
