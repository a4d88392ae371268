import type { Json } from '../../support/json.ts';
import { type Fault, inAnswers, inBody, inRequests, withBody, withQuery } from './fault.ts';

const ENDPOINTS = /^\/integrated-account\/[^/?]+\/mcp(?:\?|$)/;
const ENDPOINT = /^\/integrated-account\/[^/?]+\/mcp\/[^/?]+$/;

const VERBATIM = 'createEndpoint, updateEndpoint: config is kept word by word';
const MERGE = 'updateEndpoint: config is merged key by key: what is left out stays, null clears';
const MISSPELT = 'createEndpoint, updateEndpoint: a scope that is empty, wrong or misspelt never means everything';
const PAGES = 'listEndpoints: newest first, in pages that do not overlap while others come and go';

/** Ahead, but not as far as the checks' other ends are. */
const isNear = (time: number): boolean => time > Date.now() && time < Date.UTC(2090);

/** Changes the scope that is sent. */
const inConfig = (method: string, path: RegExp, change: (config: Json) => Json) =>
  inRequests(method, path, (sent) =>
    withBody(sent, (body) => (body.config?.constructor === Object ? { ...body, config: change(body.config) } : body)),
  );

/** Faults in endpoints. */
export const ENDPOINT_FAULTS: readonly Fault[] = [
  {
    name: 'the token comes first',
    caughtBy: 'createEndpoint: the keys are in their order, token and url last',
    plant: inAnswers(
      'POST',
      ENDPOINTS,
      inBody(({ token, url, ...rest }) => ({ token, url, ...rest })),
    ),
  },
  {
    name: 'an end may be near',
    caughtBy: 'createEndpoint: expires_at is kept as an instant, and must lie at least 60 s ahead',
    plant: inRequests('POST', ENDPOINTS, (sent) =>
      withBody(sent, (body) =>
        isNear(Date.parse(body.expires_at)) ? { ...body, expires_at: '2099-01-01T00:00:00Z' } : body,
      ),
    ),
  },
  {
    name: 'If-Match is ignored',
    caughtBy: 'updateEndpoint, deleteEndpoint: a stale If-Match is a 412, and nothing is changed',
    plant: inRequests('PATCH', ENDPOINT, ({ headers: { 'if-match': _, ...headers }, ...sent }) => ({
      ...sent,
      headers,
    })),
  },
  {
    name: 'unknown methods are left out',
    caughtBy: VERBATIM,
    plant: inConfig('PATCH', ENDPOINT, (config) => ({
      ...config,
      ...(config.methods && { methods: config.methods.filter((word: string) => word !== 'DOWNLAOD') }),
    })),
  },
  {
    name: 'an empty scope clears',
    caughtBy: MERGE,
    plant: inConfig('PATCH', ENDPOINT, (config) =>
      Object.keys(config).length === 0 ? { methods: null, tags: null, require_api_token_auth: null } : config,
    ),
  },
  {
    name: 'a misspelt scope means everything',
    caughtBy: MISSPELT,
    plant: inConfig('PATCH', ENDPOINT, ({ mehtods: _, ...config }) => config),
  },
  {
    name: 'a scope that no tool passes is taken',
    caughtBy: 'createEndpoint, updateEndpoint: a scope that no tool passes is refused, and says what there is',
    plant: inConfig('POST', ENDPOINTS, (config) => (config.tags?.[0] === 'nothing-like-it' ? {} : config)),
  },
  {
    name: 'the cursor is ignored',
    caughtBy: PAGES,
    plant: inRequests('GET', ENDPOINTS, (sent) =>
      withQuery(sent, (query) => (query.get('next_cursor') === 'not-a-cursor' ? null : query.delete('next_cursor'))),
    ),
  },
];
