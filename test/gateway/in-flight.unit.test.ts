import { expect, test } from 'vitest';
import { createInFlight, MAX_IN_FLIGHT, mostInFlight } from '../../src/gateway/in-flight.ts';

const isServed = async () => true;

test('limits the requests in flight of an endpoint and of an organization, without affecting others', () => {
  const live = createInFlight({ ofEndpoint: 2, ofOrganization: 3, held: 1 });
  const begin = (id: string, organizationId: string) => live.begin({ id, organizationId }, isServed);
  const first = begin('a', 'org_1');
  expect(begin('a', 'org_1')).not.toBeNull();
  expect(begin('a', 'org_1')).toBeNull();
  expect(begin('b', 'org_1')).not.toBeNull();
  expect(begin('b', 'org_1')).toBeNull();
  expect(begin('c', 'org_2')).not.toBeNull();
  first?.end(false);
  expect(begin('b', 'org_1')).not.toBeNull();
});

test('an organization has an eighth of the file descriptors in flight at the most', () => {
  expect(mostInFlight(1024)).toEqual({ ofEndpoint: 128, ofOrganization: 128, held: 128 });
  expect(mostInFlight(1_048_576)).toEqual(MAX_IN_FLIGHT);
  expect(mostInFlight(null)).toEqual(MAX_IN_FLIGHT);
});

test('cancels the one request of an endpoint with an id, and none if two have it', () => {
  const live = createInFlight();
  const begin = (endpoint: string, name?: string) => {
    const one = live.begin({ id: endpoint, organizationId: 'org_1' }, isServed);
    if (name !== undefined) {
      one?.nameIt(name);
    }
    return () => one?.signal.aborted;
  };
  const [one, text, unnamed, elsewhere] = [begin('a', '1'), begin('a', '"1"'), begin('a'), begin('b', '1')];
  const twins = [begin('a', '2'), begin('a', '2')];
  for (const id of ['2', '3', 'undefined']) {
    live.cancel({ id: 'a' }, id);
  }
  live.cancel({ id: 'nowhere' }, '1');
  expect([one, text, unnamed, elsewhere, ...twins].map((isAborted) => isAborted())).toEqual(Array(6).fill(false));
  live.cancel({ id: 'a' }, '1');
  expect([one, text, unnamed, elsewhere, ...twins].map((isAborted) => isAborted())).toEqual([
    true,
    ...Array(5).fill(false),
  ]);
});
