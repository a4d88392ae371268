import { afterEach, expect, test } from 'vitest';
import { listTools } from '../../src/runtime/list-tools.ts';
import { result } from '../support/scripted.ts';
import { type Connected, startConnected } from './support/connected.ts';

let connected: Connected;
afterEach(() => connected.stop());
const listed = async (...tools: object[]) => {
  connected = await startConnected('handshake', { 'tools/list': result({ tools }) });
  return listTools(connected.connection, new AbortController().signal, async () => undefined);
};

test.each<[string, object, object]>([
  ['no input schema', {}, { type: 'object' }],
  ['null for an input schema', { inputSchema: null }, { type: 'object' }],
  ['an empty input schema', { inputSchema: {} }, { type: 'object' }],
  [
    'an input schema without a type',
    { inputSchema: { properties: { a: {} }, required: ['a'] } },
    { type: 'object', properties: { a: {} }, required: ['a'] },
  ],
  ['an input schema whose type is null', { inputSchema: { type: null } }, { type: 'object' }],
  ['a whole input schema', { inputSchema: { type: 'object', title: 'T' } }, { type: 'object', title: 'T' }],
])('lists a tool with %s so that every client takes the list', async (_, members, inputSchema) => {
  const { tools, leftOut } = await listed({ name: 'one', title: 'One', ...members });
  expect(tools).toEqual([{ name: 'one', title: 'One', inputSchema }]);
  expect(leftOut).toEqual([]);
});
