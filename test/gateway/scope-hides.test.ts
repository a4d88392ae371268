import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, HANDSHAKE, STATELESS } from '../support/eras.ts';
import { type EverythingServer, startEverythingServer } from '../support/everything/server.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: EverythingServer;
beforeAll(async () => {
  server = await startEverythingServer();
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** What tools are not. */
const METHODS: readonly (readonly [method: string, params?: Readonly<Record<string, unknown>>])[] = [
  ['resources/list'],
  ['resources/templates/list'],
  ['resources/read', { uri: 'test://static-text' }],
  ['resources/subscribe', { uri: 'test://static-text' }],
  ['resources/unsubscribe', { uri: 'test://static-text' }],
  ['prompts/list'],
  ['prompts/get', { name: 'test_simple_prompt' }],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' }, argument: {} }],
];

describe.each([HANDSHAKE, STATELESS])('in the era $era', (era) => {
  test.each([{ methods: ['custom'] }, { tags: ['x'] }])('the scope %j', async (config) => {
    const scoped = await mintOver(gateway, server.url, { config, tags: ['x'] });
    const open = await mintOver(gateway, server.url);
    const capabilities = async (minted: Minted) =>
      Object.keys(
        (await ask(gateway, era, minted.token, era.hello, { protocolVersion: '2025-11-25' })).result.capabilities,
      );
    const all = await capabilities(open);
    expect(all).toEqual(expect.arrayContaining(['tools', 'resources', 'prompts', 'completions']));
    const hidden = ['resources', 'prompts', 'completions'];
    expect(await capabilities(scoped)).toEqual(all.filter((name) => !hidden.includes(name)));
    for (const [method, params] of METHODS) {
      expect([method, (await ask(gateway, era, scoped.token, method, params)).error?.code]).toEqual([method, -32601]);
    }
    expect((await ask(gateway, era, open.token, 'resources/list')).result.resources).not.toEqual([]);
  });
});
