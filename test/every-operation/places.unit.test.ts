import { expect, test } from 'vitest';
import { operation } from '../support/client.ts';
import { strangePlaces } from '../support/places.ts';
import { document } from '../support/server.ts';

const strange = (places: readonly string[], sent: unknown = {}) =>
  strangePlaces(document, operation('createSharedServer'), sent, {
    error: { fieldErrors: places.map((field) => ({ field, message: 'is wrong' })) },
  });

test('a place is strange that is no part of a request, or a key that neither the document nor the body has', () => {
  expect(strange(['name', 'body.name', 'body.mcp_server.url', 'body.mcpServer.url', 'query.limit', 'body'])).toEqual([
    'name',
    'body.mcp_server.url',
  ]);
  expect(strange(['body.odd'], { odd: 1 })).toEqual([]);
});

test.each([
  ['createMcpServer', { message: 'Validation failed', error: 'body.requestHeaders: is wrong' }],
  ['createEndpoint', { details: { failures: [{ path: 'body.expiresAt', message: 'is wrong' }] } }],
] as const)('strange places are found in the envelope of %s', (id, answer) => {
  expect(strangePlaces(document, operation(id), {}, answer)).toHaveLength(1);
});
