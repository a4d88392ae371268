import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningMock } from '../../src/mock/mock.ts';
import { call } from '../support/client.ts';
import { CLIENTS, type Place } from '../support/mcp-clients.ts';
import { startMock } from '../support/mock.ts';

const TOKEN = '4f1c5e0b6c2d4f8a9b3c5d7e9f0a1b2c';

let mock: RunningMock;
beforeAll(async () => {
  mock = await startMock();
});
afterAll(() => mock.stop());

const PLACES: readonly (readonly [name: string, place: () => Place])[] = [
  ['/mcp/<token>', () => ({ url: `${mock.url}/mcp/${TOKEN}`, headers: {} })],
  ['/mcp', () => ({ url: `${mock.url}/mcp`, headers: { Authorization: `Bearer ${TOKEN}` } })],
];

/** The small server has sessions, which 2026-07-28 does not have. */
const WITH_HANDSHAKE = CLIENTS.filter(({ name }) => !name.includes('2026-07-28'));

describe.each(WITH_HANDSHAKE)('$name', ({ connect, refusal }) => {
  test.each(PLACES)('initializes, lists and calls at %s', async (_, place) => {
    const client = await connect(place());
    expect(await client.list()).toEqual(['list_contacts', 'create_contact']);
    expect(await client.call('list_contacts')).toContain('Ada Lovelace');
    await expect(client.call('nobody_has_this')).rejects.toThrow(refusal('nobody_has_this'));
    await client.close();
  });
});

test('a client that looks for 2026-07-28 first falls back to a handshake', async () => {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${mock.url}/mcp/${TOKEN}`)));
  expect((await client.listTools()).tools).toHaveLength(2);
  await client.close();
});

test('the URL of a new endpoint leads to it', async () => {
  const path = { integrated_account_id: '1ba1f401-7183-47c5-9e39-e8e257e3c795' };
  const { url } = (await call(mock.url, 'createEndpoint', { path, body: { name: 'x' } })).body;
  const client = await (WITH_HANDSHAKE[0] as (typeof CLIENTS)[number]).connect({ url, headers: {} });
  expect(await client.list()).toHaveLength(2);
  await client.close();
});
