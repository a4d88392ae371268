import { expect, test } from 'vitest';
import { foldSlashes } from '../../src/http/fold-slashes.ts';

test.each([
  ['//integration?limit=1', '/integration?limit=1'],
  ['////api/mcp-servers', '/api/mcp-servers'],
  ['//', '/'],
  ['//mcp', '/mcp'],
  ['/mcp/', '/mcp'],
  ['/mcp//?a=b/', '/mcp?a=b/'],
  ['/mcp/token/', '/mcp/token'],
  ['//mcp//token//?a=//b', '/mcp/token?a=//b'],
  ['/mcp/token/#/', '/mcp/token#/'],
])('folds the slashes of %s', (url, folded) => {
  expect(foldSlashes(url)).toBe(folded);
});

test.each([
  '/',
  '',
  '*',
  '/mcp',
  '/mcp?a=//b',
  '/mcp/token',
  '/mcp/token/more',
  '/mcp/token/more/',
  '/mcp/token//more',
  '/mcpx/',
  '/integration/',
  '/api/mcp-servers/mcp_1/',
  '/api//mcp-servers',
  '/docs/',
  '/x?url=https://example.com//mcp/',
])('leaves %s as it is', (url) => {
  expect(foldSlashes(url)).toBe(url);
});
