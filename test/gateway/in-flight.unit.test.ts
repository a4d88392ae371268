import { expect, test } from 'vitest';
import { createInFlight } from '../../src/gateway/in-flight.ts';

const isServed = async () => true;

test('limits the requests in flight of an endpoint and of an organization, without affecting others', () => {
  const live = createInFlight({ ofEndpoint: 2, ofOrganization: 3 });
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
