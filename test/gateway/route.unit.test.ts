import { expect, test } from 'vitest';
import { type Route, type Routed, routeOf } from '../../src/gateway/route.ts';

const [ONE, OTHER] = ['handshake', 'stateless'] as const;
type Row = [client: Routed['era'], server: Routed['spoken'], over: 'HTTP' | 'pipe', session: 'own' | 'none', Route];

/** Every client × server × transport × session. Only the handshake over HTTP has sessions of a client's own. */
const ROUTES: readonly Row[] = [
  [ONE, ONE, 'HTTP', 'own', 'client-session'],
  [ONE, OTHER, 'HTTP', 'own', 'client-session'],
  [OTHER, ONE, 'HTTP', 'own', 'client-session'],
  [OTHER, OTHER, 'HTTP', 'own', 'client-session'],
  [ONE, ONE, 'HTTP', 'none', 'shared-session'],
  [ONE, OTHER, 'HTTP', 'none', 'bridge'],
  [OTHER, ONE, 'HTTP', 'none', 'bridge'],
  [OTHER, OTHER, 'HTTP', 'none', 'stateless-relay'],
  [ONE, ONE, 'pipe', 'own', 'client-session'],
  [ONE, OTHER, 'pipe', 'own', 'client-session'],
  [OTHER, ONE, 'pipe', 'own', 'client-session'],
  [OTHER, OTHER, 'pipe', 'own', 'client-session'],
  [ONE, ONE, 'pipe', 'none', 'shared-session'],
  [ONE, OTHER, 'pipe', 'none', 'bridge'],
  [OTHER, ONE, 'pipe', 'none', 'bridge'],
  [OTHER, OTHER, 'pipe', 'none', 'shared-session'],
];

test.each(ROUTES)(
  'the route of a %s client to a %s server over %s with session %s is %s',
  (era, spoken, over, session, route) => {
    expect(routeOf({ era, spoken, isPipe: over === 'pipe', hasSession: session === 'own' })).toBe(route);
  },
);

test('the table contains every combination once', () => {
  const combinations = new Set(ROUTES.map((row) => row.slice(0, 4).join()));
  expect([combinations.size, ROUTES.length]).toEqual([16, 16]);
});
