import { createAccount, documentOf } from '../../support/accounts.ts';
import { call } from '../../support/client.ts';
import { mint, mintOver } from '../../support/minted.ts';
import { type Era, result, type Scripted, startScripted } from '../../support/scripted.ts';
import type { TestServer } from '../../support/server.ts';
import { created, share, unique } from '../../support/shared-servers.ts';

/** A definition of a tool as a server lists it. */
export type Definition = { readonly name: string; readonly [member: string]: unknown };

/** An account with tools, over which endpoints can be minted. */
export type AccountOfKind = {
  /** Mints an endpoint. */
  readonly mint: (
    config?: object,
  ) => Promise<{ readonly accountId: string; readonly id: string; readonly token: string }>;
  /** Changes the tools, at once for every endpoint. */
  readonly change: (count: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const definitionsOf = (count: number): Definition[] =>
  Array.from({ length: count }, (_, index) =>
    index % 2 === 0
      ? { name: `get_thing_${index}`, inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }
      : { name: `run_thing_${index}`, inputSchema: { type: 'object' } },
  );

const documentWith = (count: number): object =>
  documentOf(
    Object.fromEntries(
      Array.from({ length: count }, (_, index) =>
        index % 2 === 0 ? [`GET /things${index}/{id}`, {}] : [`POST /things${index}/{id}`, { operationId: 'run' }],
      ),
    ),
  );

async function overServer(gateway: TestServer, era: Era, count: number, isShared: boolean): Promise<AccountOfKind> {
  const server: Scripted = await startScripted(era);
  const list = (tools: number) => {
    server.script['tools/list'] = result({ tools: definitionsOf(tools) });
  };
  list(count);
  const minted = isShared ? null : await mintOver(gateway, server.url);
  const shared = isShared
    ? await created(gateway, { name: unique(), transport: 'streamable_http', url: server.url })
    : null;
  const id = minted === null ? String(shared) : minted.serverId.slice('mcp_'.length);
  return {
    mint: async (config = {}) => ({
      ...(shared === null ? await mint(gateway, `mcp_${id}`, config) : await share(gateway, shared, config)),
      accountId: id,
    }),
    change: async (tools) => {
      list(tools);
      // As a notification of the server does.
      gateway.deps.runtime.toolsChanged(id);
    },
    stop: server.stop,
  };
}

/** Every kind of account, made with so many tools: by turns one with the method get, and one with a custom method. */
export const ACCOUNT_KINDS: Readonly<Record<string, (gateway: TestServer, count: number) => Promise<AccountOfKind>>> = {
  'a service': async (gateway, count) => {
    const { integrationId, accountId } = await createAccount(gateway, documentWith(count), unique());
    return {
      mint: async (config = {}) => ({ ...(await mint(gateway, `mcp_${accountId}`, config)), accountId }),
      change: async (tools) => {
        const path = { id: integrationId };
        await call(gateway.url, 'updateIntegration', { path, body: { document: documentWith(tools) } });
      },
      stop: async () => undefined,
    };
  },
  'a server with a handshake': (gateway, count) => overServer(gateway, 'handshake', count, false),
  'a server of 2026-07-28': (gateway, count) => overServer(gateway, 'stateless', count, false),
  'a shared server': (gateway, count) => overServer(gateway, 'handshake', count, true),
};
