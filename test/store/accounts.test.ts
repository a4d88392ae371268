import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as integrations from '../../src/store/integrations.ts';
import * as organizations from '../../src/store/organizations.ts';
import type { Store } from '../../src/store/store.ts';
import { expectFiltered } from './support/account-filters.ts';
import { onBothEngines, onEngine } from './support/harness.ts';
import { newestFirst } from './support/keyset.ts';
import {
  accountOf,
  anAccount,
  anEndpoint,
  anIntegration,
  anOrganization,
  CONTENTS,
  storedAccount,
  storedIntegration,
} from './support/samples.ts';

/** As `find` answers what was inserted. */
const stored = (account: accounts.NewAccount, integrationName = 'petstore'): accounts.ServiceAccount => ({
  kind: 'service',
  ...account,
  integrationName,
  version: 1,
});

async function insertAll(store: Store, all: accounts.NewAccount[]): Promise<void> {
  await store.write(async (db) => {
    for (const account of all) {
      await accounts.insert(db, account);
    }
  });
}

onBothEngines(({ open, shared }) => {
  it('stores an account and finds it within its organization, with the name of its integration', async () => {
    const store = await shared();
    const integration = await storedIntegration(store, await anOrganization(store));
    const { organizationId: own } = integration;
    const other = await anOrganization(store);
    const context = { token: 'ünïcode', variables: { region: 'eu' }, empty: '' };
    const given = anAccount(integration, { context, createdAt: 1_700_000_000_000 });
    await insertAll(store, [given]);
    expect(await accounts.find(store.read, own, given.id)).toEqual(stored(given));
    expect(await accounts.find(store.read, other, given.id)).toBeNull();
    expect(await accounts.find(store.read, own, 'no such id')).toBeNull();
    await store.write((db) => integrations.update(db, { ...integration, name: 'renamed' }, 1, null));
    expect(await accounts.find(store.read, own, given.id)).toEqual(stored(given, 'renamed'));
  });

  it('refuses an account of an unknown integration', async () => {
    const store = await shared();
    const given = anAccount({ id: 'no such id', organizationId: await anOrganization(store) });
    await expect(insertAll(store, [given])).rejects.toThrow(/foreign key/i);
  });

  it('updates the changeable fields for the expected version', async () => {
    const store = await shared();
    const integration = await storedIntegration(store, await anOrganization(store));
    const second = await storedIntegration(store, integration.organizationId, { name: 'second' });
    const { organizationId: own } = integration;
    const other = await anOrganization(store);
    const given = anAccount(integration);
    await insertAll(store, [given]);
    const changed: accounts.ServiceAccount = {
      ...stored(given),
      tenantId: 'acme-2',
      authenticationMethod: 'bearer',
      context: { token: 'new' },
      status: 'needs_reauth',
      updatedAt: 2000,
    };
    const update = (account: accounts.ServiceAccount, version: number) =>
      store.write((db) => accounts.update(db, account, version));
    const fixed = { createdAt: 99, integrationId: second.id };
    expect(await update({ ...changed, ...fixed }, 1)).toMatchObject({ tenantId: 'acme-2', version: 2 });
    expect(await accounts.find(store.read, own, given.id)).toEqual({ ...changed, version: 2 });

    expect(await update({ ...changed, tenantId: 'late' }, 1)).toBeNull();
    expect(await update({ ...changed, organizationId: other, tenantId: 'stolen' }, 2)).toBeNull();
    expect(await accounts.find(store.read, own, given.id)).toMatchObject({ tenantId: 'acme-2' });
    await store.write((db) => accounts.remove(db, own, given.id));
    expect(await update(changed, 2)).toBeNull();
  });

  it('accepts one of two updates of a version', async () => {
    const store = await shared();
    const integration = await storedIntegration(store, await anOrganization(store));
    const given = anAccount(integration);
    await insertAll(store, [given]);
    const account = stored(given, integration.name);
    const results = await Promise.all(
      ['A', 'B', 'C'].map((tenantId) => store.write((db) => accounts.update(db, { ...account, tenantId }, 1))),
    );
    const [winner, ...others] = results.filter((result) => result !== null);
    expect(others).toEqual([]);
    expect(await accounts.find(store.read, given.organizationId, given.id)).toEqual(winner);
  });

  it('deletes an account with its endpoints, and leaves the others', async () => {
    const store = await shared();
    const integration = await storedIntegration(store, await anOrganization(store));
    const { organizationId } = integration;
    const other = await anOrganization(store);
    const gone = { organizationId, accountId: await storedAccount(store, integration) };
    const stays = { organizationId, accountId: await storedAccount(store, integration) };
    await store.write(async (db) => {
      await endpoints.insert(db, anEndpoint(gone));
      await endpoints.insert(db, anEndpoint(stays));
    });
    const remove = (owner: string) => store.write((db) => accounts.remove(db, owner, gone.accountId));
    expect(await remove(other)).toBe(false);
    expect(await remove(organizationId)).toBe(true);
    expect(await remove(organizationId)).toBe(false);
    expect(await endpoints.page(store.read, gone, { limit: 10 })).toEqual([]);
    expect(await endpoints.page(store.read, stays, { limit: 10 })).toHaveLength(1);
  });

  it('counts the accounts of an integration up to the maximum', async () => {
    const store = await shared();
    const integration = await storedIntegration(store, await anOrganization(store));
    const second = await storedIntegration(store, integration.organizationId);
    await insertAll(store, [anAccount(integration), anAccount(integration), anAccount(integration), anAccount(second)]);
    expect(await accounts.countOf(store.read, integration.id, 10)).toBe(3);
    expect(await accounts.countOf(store.read, integration.id, 2)).toBe(2);
    expect(await accounts.countOf(store.read, 'no such id', 10)).toBe(0);
  });

  it('pages newest first with every combination of filters, also for shared names', async () => {
    const store = await shared();
    const own = await anOrganization(store);
    const named = (name: string) => storedIntegration(store, own, { name });
    const all: (accounts.NewAccount & { integrationName: string })[] = [];
    for (const integration of [await named('crm'), await named('files'), await named('crm'), await named('files')]) {
      for (let index = 0; index < 16; index += 1) {
        const tenantId = `tenant-${index % 2}`;
        const status = index % 4 < 2 ? 'active' : 'needs_reauth';
        const account = anAccount(integration, { tenantId, status, createdAt: index % 5 });
        all.push({ ...account, integrationName: integration.name });
      }
    }
    const stranger = await storedIntegration(store, await anOrganization(store), { name: 'crm' });
    await insertAll(store, [...all.map(({ integrationName: _, ...account }) => account), anAccount(stranger)]);

    await expectFiltered(store, own, all, {
      tenantId: ['tenant-1', 'tenant-2'],
      status: ['active'],
      integrationName: ['crm', 'nothing'],
    });
    const [first] = await accounts.page(store.read, own, { limit: 1 }, {});
    const newest = all.filter(({ id }) => id === newestFirst(all)[0]);
    expect([first]).toEqual(newest.map((account) => stored(account, account.integrationName)));
  });

  it('is deleted with its organization, together with integrations, contents and endpoints', async () => {
    const store = await open();
    const stays = await anOrganization(store, 'org_stays');
    const gone = await anOrganization(store, 'org_gone');
    for (const organizationId of [gone, stays]) {
      await store.write(async (db) => {
        for (const name of ['a', 'b']) {
          const integration = await integrations.insert(db, anIntegration(organizationId, { name }), CONTENTS);
          const account = anAccount(integration);
          await accounts.insert(db, account);
          await endpoints.insert(db, anEndpoint(accountOf(account)));
        }
      });
    }
    expect(await store.write((db) => organizations.remove(db, gone))).toBe(true);
    const { sql } = store.read;
    for (const table of ['integrations', 'accounts'] as const) {
      const rows = await sql.selectFrom(table).select('organization_id').execute();
      expect(rows).toEqual([{ organization_id: stays }, { organization_id: stays }]);
    }
    expect(await sql.selectFrom('integration_contents').select('integration_id').execute()).toHaveLength(2);
    expect(await sql.selectFrom('endpoints').select('id').execute()).toHaveLength(2);
  });

  it('seals the context for its own account only', async () => {
    const store = await shared();
    const integration = await storedIntegration(store, await anOrganization(store));
    const marker = 'in-clear-in-a-context';
    const context = { [marker]: marker };
    const [one, two] = [anAccount(integration, { context }), anAccount(integration)];
    await insertAll(store, [one, two]);
    const rows = await store.read.sql.selectFrom('accounts').selectAll().where('id', '=', one.id).execute();
    expect(JSON.stringify(rows)).not.toContain(marker);
    const sealed = rows[0]?.context ?? '';
    await store.write((db) =>
      db.sql.updateTable('accounts').set({ context: sealed }).where('id', '=', two.id).execute(),
    );
    await expect(accounts.find(store.read, two.organizationId, two.id)).rejects.toThrow(/damaged or moved/);
  });
});

onEngine('sqlite', ({ open, location }) => {
  it('writes no plain credentials to any file', async () => {
    const place = await location();
    const store = await open({ location: place });
    const integration = await storedIntegration(store, await anOrganization(store));
    const marker = 'in-clear-in-a-context';
    const given = anAccount(integration, { context: { [marker]: marker }, tenantId: 'in-clear-tenant' });
    await insertAll(store, [given]);
    await store.write((db) => accounts.update(db, stored(given), 1));
    // By another process: closing one of these files in this one would free SQLite's locks on it.
    const directory = place.kind === 'file' ? place.directory : '';
    const bytes = execFileSync('sh', ['-c', 'cat "$0"/*', directory]);
    expect(bytes.includes('in-clear-tenant')).toBe(true);
    expect(bytes.includes(marker)).toBe(false);
  });
});
