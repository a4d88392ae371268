import { describe, expect, test } from 'vitest';
import { covers, operationsOf, wantedBy } from '../../src/console/try/document.ts';
import { operations } from '../support/client.ts';
import { document } from '../support/server.ts';

const found = operationsOf(document as unknown as Record<string, unknown>);
const operation = (id: string) => found.find((one) => one.id === id) ?? expect.fail(id);

test('all operations of the document are there', () => {
  expect(found.map(({ id }) => id).toSorted()).toEqual(operations.map(({ id }) => id).toSorted());
});

test('parameters in the path have examples, also those that are referred to', () => {
  const missing = found.flatMap(({ id, parameters }) =>
    parameters.filter((one) => one.in === 'path' && one.example === '').map(({ name }) => `${id} ${name}`),
  );
  expect(missing).toEqual([]);
  expect(operation('getOrganization').parameters).toMatchObject([{ name: 'org_id', in: 'path', required: true }]);
});

test('bodies have the examples of the document', () => {
  const { bodies } = operation('createOrganization');
  expect(bodies).toEqual([{ summary: 'A name', text: '{\n  "name": "Acme"\n}' }]);
  expect(found.filter(({ bodies: texts }) => texts?.length === 0).map(({ id }) => id)).toEqual([]);
  expect(operation('listOrganizations').bodies).toBeNull();
});

describe('credentials', () => {
  test.each([
    ['createOrganization', ['operator'], true],
    ['createOrganization', ['accounts', 'servers', 'approvals'], false],
    ['addToolApproval', ['servers'], false],
    ['addToolApproval', ['servers', 'approvals'], true],
    ['getOverview', ['servers'], true],
    ['getHealth', [], true],
    ['getMetrics', ['operator'], false],
  ])('%s with %j: %j', (id, permissions, expected) => {
    expect(covers(operation(id), permissions)).toBe(expected);
  });

  test('are named with the permissions that they must have', () => {
    expect(wantedBy(operation('addToolApproval'))).toBe('a key pair with the permissions servers and approvals');
    expect(wantedBy(operation('createOrganization'))).toBe('the operator token');
  });

  test('of every operation are named', () => {
    expect(found.filter((one) => !covers(one, []) && wantedBy(one) === '').map(({ id }) => id)).toEqual([]);
  });
});
