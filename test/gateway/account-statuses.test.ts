import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type AccountStatuses, createAccountStatuses } from '../../src/calls/account-statuses.ts';
import * as accounts from '../../src/store/accounts.ts';
import { type Store, StoreUnavailable } from '../../src/store/store.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { anOrganization, storedAccount, storedIntegration } from '../store/support/samples.ts';
import { documentOf } from '../support/accounts.ts';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const LONG_MS = 600_000;

/** Notes of a store, and how many writes they have asked for; one that `fails` reaches no database. */
function notesOf(store: Store, intervalMs: number, fails: (write: number) => boolean = () => false) {
  const writes: string[] = [];
  const writeFor: Store['writeFor'] = (organizationId, fn) => {
    writes.push(organizationId);
    return fails(writes.length)
      ? Promise.reject(new StoreUnavailable('The database is away.'))
      : store.writeFor(organizationId, fn);
  };
  const warned: unknown[] = [];
  const log = { warn: (...line: unknown[]) => void warned.push(line) };
  const notes = createAccountStatuses({ store: { writeFor }, log, intervalMs });
  return { notes, writes, warned };
}

async function anAccountOf(store: Store): Promise<accounts.ServiceAccount> {
  const integration = await storedIntegration(store, await anOrganization(store));
  const id = await storedAccount(store, integration);
  return (await accounts.find(store.read, integration.organizationId, id)) as accounts.ServiceAccount;
}

const statusOf = async (store: Store, { organizationId, id }: accounts.ServiceAccount) =>
  (await accounts.find(store.read, organizationId, id))?.status;

onBothEngines(({ shared }) => {
  const alternate = (notes: AccountStatuses, account: accounts.ServiceAccount, times: number) => {
    for (let time = 0; time < times; time++) {
      notes.note(account, time % 2 === 0 ? 'needs_reauth' : 'active');
    }
  };

  it('stores the first change at once, and the last one of each interval', async () => {
    const store = await shared();
    const account = await anAccountOf(store);
    const { notes, writes } = notesOf(store, 200);
    alternate(notes, account, 100);
    expect(writes).toEqual([account.organizationId]);
    alternate(notes, account, 101);
    await expect.poll(() => writes.length).toBe(1);
    await expect.poll(() => statusOf(store, account)).toBe('needs_reauth');
    notes.note(account, 'active');
    await expect.poll(() => statusOf(store, account)).toBe('active');
    expect(writes).toHaveLength(2);
    await notes.close();
    expect(writes).toHaveLength(2);
  });

  it('stores waiting statuses at the end, with one write per organization', async () => {
    const store = await shared();
    const account = await anAccountOf(store);
    const integration = { id: account.integrationId, organizationId: account.organizationId };
    const all = [account, await anAccountOf(store)];
    for (let index = 0; index < 20; index++) {
      const id = await storedAccount(store, integration);
      all.push((await accounts.find(store.read, account.organizationId, id)) as accounts.ServiceAccount);
    }
    const { notes, writes } = notesOf(store, LONG_MS);
    for (const one of all) {
      alternate(notes, one, 4);
    }
    expect(writes).toHaveLength(all.length);
    await expect.poll(() => Promise.all(all.map((one) => statusOf(store, one)))).toEqual(all.map(() => 'needs_reauth'));
    await notes.close();
    expect(writes).toHaveLength(all.length + 2);
    expect(await Promise.all(all.map((one) => statusOf(store, one)))).toEqual(all.map(() => 'active'));
    notes.note(account, 'needs_reauth');
    expect(writes).toHaveLength(all.length + 2);
  });

  it('does not store a status of replaced credentials', async () => {
    const store = await shared();
    const account = await anAccountOf(store);
    const { notes } = notesOf(store, LONG_MS);
    alternate(notes, account, 3);
    await expect.poll(() => statusOf(store, account)).toBe('needs_reauth');
    notes.note(account, 'active');
    const repaired = await store.write((db) => accounts.update(db, { ...account, status: 'validation_error' }, 1));
    await notes.close();
    expect(await statusOf(store, account)).toBe('validation_error');

    const later = notesOf(store, LONG_MS).notes;
    const isRepaired = repaired as accounts.ServiceAccount;
    later.note(isRepaired, 'needs_reauth');
    await expect.poll(() => statusOf(store, account)).toBe('needs_reauth');
    later.note({ ...isRepaired, status: 'needs_reauth' }, 'active');
    // Of a call that was under way with the credentials from before.
    later.note(account, 'needs_reauth');
    await later.close();
    expect(await statusOf(store, account)).toBe('active');
  });

  it('tries again in the next interval after a database failure, without logging', async () => {
    const store = await shared();
    const account = await anAccountOf(store);
    const { notes, writes, warned } = notesOf(store, 50, (write) => write <= 2);
    notes.note(account, 'needs_reauth');
    await expect.poll(() => statusOf(store, account)).toBe('needs_reauth');
    await notes.close();
    expect([writes.length, warned]).toEqual([3, []]);
  });

  it('gives up a status that the database refuses, with a warning', async () => {
    const store = await shared();
    const account = await anAccountOf(store);
    const { notes, writes, warned } = notesOf(store, 20);
    notes.note(account, null as never);
    await expect.poll(() => warned.length).toBe(1);
    await notes.close();
    expect([writes.length, await statusOf(store, account)]).toEqual([1, 'active']);
  });
});

describe('calls of a service that sometimes accepts the credentials', () => {
  let gateway: TestServer | undefined;
  let service: Server | undefined;
  let release: (() => void) | undefined;
  let directory = '';
  afterEach(async () => {
    release?.();
    await gateway?.stop();
    service?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('cause one write per interval, wait for none, and store the last status', async () => {
    let answered = 0;
    service = createServer((_request, response) => {
      answered += 1;
      response.writeHead(answered % 2 === 0 ? 200 : 401, { 'Content-Type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => service?.listen(0, '127.0.0.1', resolve));
    const base_url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    // In a file, where reads do not wait for writes.
    directory = await mkdtemp(join(tmpdir(), 'gatehouse-statuses-'));
    gateway = await startTestServer({
      location: { kind: 'file', directory },
      env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' },
      limits: { accountStatusIntervalMs: 1000 },
    });
    const { url, deps, organizationId } = gateway;
    const body = { name: 'crm', document: documentOf({ 'GET /contacts': { tags: ['contacts'] } }), base_url };
    const integration = (await call(url, 'createIntegration', { body })).body.id;
    const account = { tenant_id: 'acme', environment_integration_id: integration, authentication_method: 'none' };
    const { id } = (await call(url, 'createAccount', { body: account })).body;
    const path = { integrated_account_id: id };
    const { token } = (await call(url, 'createEndpoint', { path, body: { name: 'Contacts' } })).body;
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_all_crm_contacts' } };
    const ask = () => call(url, 'sendToEndpoint', { path: { token }, as: 'nobody', body: message });
    const status = async () => (await call(url, 'getAccount', { path: { id } })).body.status;

    // The calls do not wait for a database that is busy with this organization.
    const held = Promise.withResolvers<void>();
    release = held.resolve;
    const holding = deps.store.writeFor(organizationId, () => held.promise);
    const before = deps.store.changes();
    const results = [];
    for (let times = 0; times < 41; times++) {
      results.push((await ask()).body.result.isError === true);
    }
    expect(results.filter((isError) => isError)).toHaveLength(21);
    held.resolve();
    await holding;
    await expect.poll(status).toBe('needs_reauth');
    await ask();
    await expect.poll(status, { timeout: 5000 }).toBe('active');
    expect(deps.store.changes() - before).toBeLessThanOrEqual(10);
  });
});
