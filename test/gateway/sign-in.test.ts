import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import { requestOf, type Way } from '../support/mcp-client.ts';
import { type Minted, mint, mintOver } from '../support/minted.ts';
import { type Scripted, startScripted } from '../support/scripted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let gateway: TestServer;
let server: Scripted;
let minted: Minted;
/** Tokens for which there is nothing: unknown, revoked, and one whose endpoint also wants an API token. */
let bad: { readonly kind: string; readonly token: string }[];
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  server = await startScripted('handshake');
  minted = await mintOver(gateway, server.url);
  const revoked = await mint(gateway, minted.serverId);
  const path = { integrated_account_id: minted.serverId.slice('mcp_'.length), id: revoked.id };
  await call(gateway.url, 'deleteEndpoint', { path });
  const guarded = await mint(gateway, minted.serverId, { require_api_token_auth: true });
  bad = [
    { kind: 'unknown', token: 'f'.repeat(32) },
    { kind: 'revoked', token: revoked.token },
    { kind: 'guarded', token: guarded.token },
  ];
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

/** A client's memory of a sign-in. */
const providerWith = (tokens?: object) => {
  const visited: URL[] = [];
  return {
    visited,
    provider: {
      redirectUrl: 'http://127.0.0.1:1/callback',
      clientMetadata: { redirect_uris: ['http://127.0.0.1:1/callback'] },
      clientInformation: () => (tokens === undefined ? undefined : { client_id: 'known' }),
      tokens: () => tokens,
      saveTokens: () => undefined,
      saveClientInformation: () => undefined,
      saveCodeVerifier: () => undefined,
      codeVerifier: () => 'verifier',
      redirectToAuthorization: (url: URL) => void visited.push(url),
    },
  };
};
const INFO = { name: 'test', version: '1' };
type Options = { readonly authProvider: never; readonly requestInit: RequestInit };
const CLIENTS: readonly (readonly [string, (url: URL, options: Options) => Promise<unknown>])[] = [
  ['the SDK v1 client', (url, options) => new OldClient(INFO).connect(new OldTransport(url, options) as never)],
  ...(['legacy', 'auto'] as const).map(
    (mode) =>
      [
        `the SDK v2 client, ${mode}`,
        (url: URL, options: Options) =>
          new NewClient(INFO, { versionNegotiation: { mode } }).connect(new NewTransport(url, options)),
      ] as const,
  ),
];
const REASON = 'Gatehouse has no sign-in for MCP clients. The token of this endpoint is unknown';

describe.each(CLIENTS)('%s that can sign in', (_, connect) => {
  test.each(['path', 'header'])('shows the reason for a wrong token in the %s', async (place) => {
    for (const { token } of bad) {
      const { provider } = providerWith();
      const url = new URL(place === 'path' ? `${gateway.url}/mcp/${token}` : `${gateway.url}/mcp`);
      const requestInit = place === 'path' ? {} : { headers: { Authorization: `Bearer ${token}` } };
      await expect(connect(url, { authProvider: provider as never, requestInit })).rejects.toThrow(REASON);
    }
  });

  test('shows the reason if it has signed in before, and its token is not accepted', async () => {
    const { provider } = providerWith({ access_token: 'old', refresh_token: 'older', token_type: 'Bearer' });
    const url = new URL(`${gateway.url}/mcp`);
    await expect(connect(url, { authProvider: provider as never, requestInit: {} })).rejects.toThrow(REASON);
  });

  test('shows the reason to the person whom it sends to the sign-in', async () => {
    const { provider, visited } = providerWith({ access_token: 'old', token_type: 'Bearer' });
    const url = new URL(`${gateway.url}/mcp`);
    await expect(connect(url, { authProvider: provider as never, requestInit: {} })).rejects.toThrow();
    expect(visited).toHaveLength(1);
    const { status, body } = await askOnce(String(visited[0]), 'get', '');
    expect([status, body.error, body.error_description]).toEqual([
      400,
      'access_denied',
      expect.stringContaining(REASON),
    ]);
  });
});

describe('the paths of a sign-in', () => {
  test.each(['/register', '/token', '/authorize'])('%s answers every method with an error of OAuth', async (path) => {
    for (const method of ['get', 'post', 'put'] as const) {
      for (const body of [undefined, { redirect_uris: [] }, 'grant_type=refresh_token']) {
        const answer = await askOnce(gateway.url, method, path, { body });
        expect([answer.status, answer.body.error]).toEqual([400, 'access_denied']);
        // RFC 6749, section 5.2, allows these characters.
        expect(answer.body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
    }
  });

  test.each([
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp/TOKEN',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
  ])('%s does not exist', async (path) => {
    expect((await askOnce(gateway.url, 'get', path)).status).toBe(404);
  });
});

describe('401', () => {
  const WAYS: readonly Way[] = ['just calls', 'stateless'];
  const challenge = async (way: Way, path: string, sent: Record<string, string> = {}) => {
    const { body, headers } = requestOf(way, 1, 'tools/list');
    const answer = await askOnce(gateway.url, 'post', path, { body, headers: { ...headers, ...sent } });
    return [answer.status, answer.headers.get('www-authenticate')];
  };

  test.each(WAYS)('without any token, the challenge has no error (%s)', async (way) => {
    for (const sent of [{}, { Authorization: 'Basic dTpw' }, { Authorization: 'Bearer' }]) {
      expect(await challenge(way, '/mcp', sent as Record<string, string>)).toEqual([401, 'Bearer']);
      expect(await challenge(way, '/mcp/', sent as Record<string, string>)).toEqual([401, 'Bearer']);
    }
  });

  test.each(WAYS)('every wrong token gets the same challenge (%s)', async (way) => {
    for (const { token } of bad) {
      const expected = [401, 'Bearer error="invalid_token"'];
      expect(await challenge(way, `/mcp/${token}`)).toEqual(expected);
      expect(await challenge(way, `/mcp/${token}`, { Authorization: 'Bearer other' })).toEqual(expected);
      expect(await challenge(way, '/mcp', { Authorization: `Bearer ${token}` })).toEqual(expected);
    }
  });

  test('without any token, GET and DELETE are challenged as well', async () => {
    for (const method of ['get', 'delete'] as const) {
      const { status, headers } = await askOnce(gateway.url, method, '/mcp');
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
  });
});
