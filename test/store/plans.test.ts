import { CompiledQuery, type KyselyPlugin } from 'kysely';
import { beforeAll, expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import * as requests from '../../src/store/approval-requests.ts';
import * as callDays from '../../src/store/call-days.ts';
import { ownersOfWork } from '../../src/store/claims.ts';
import * as deliveries from '../../src/store/deliveries.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as expiring from '../../src/store/expiring.ts';
import * as grants from '../../src/store/grants.ts';
import * as sharedServers from '../../src/store/shared-servers.ts';
import type { Db, Store } from '../../src/store/store.ts';
import { onEngine } from './support/harness.ts';
import { anOrganization, storedSharedServer } from './support/samples.ts';

/** How SQLite would answer what a function asks, a line for each table it reads. */
async function plansOf({ read }: Store, ask: (db: Db) => Promise<unknown>): Promise<string[]> {
  const asked: CompiledQuery[] = [];
  const watch: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      asked.push(read.sql.getExecutor().compileQuery(node, queryId));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  await ask({ ...read, sql: read.sql.withPlugin(watch) });
  const plans = asked.map(({ sql, parameters }) =>
    read.sql.executeQuery<{ detail: string }>(CompiledQuery.raw(`explain query plan ${sql}`, [...parameters])),
  );
  return (await Promise.all(plans)).flatMap(({ rows }) => rows.map(({ detail }) => detail));
}

onEngine('sqlite', ({ shared }) => {
  let store: Store;
  let organizationId: string;
  beforeAll(async () => {
    store = await shared();
    organizationId = await anOrganization(store);
  });

  const FILTERS: accounts.AccountFilter[] = [{}, { status: 'active' as const }].flatMap((filter) => [
    filter,
    { ...filter, tenantId: 'acme-1' },
    { ...filter, integrationName: 'mcp' },
  ]);
  it.each(FILTERS)('a list of accounts by %j uses its index', async (filter) => {
    for (const part of [{ limit: 9 }, { limit: 9, before: { at: 5, id: 'x' } }]) {
      const plans = await plansOf(store, (db) => accounts.page(db, organizationId, part, filter));
      const columns = [
        'organization_id=',
        ...(filter.tenantId === undefined ? [] : ['tenant_id=']),
        ...(filter.status === undefined ? [] : ['status=']),
      ];
      const index = `${filter.integrationName === undefined ? '' : '_of_servers'}_by_`;
      const plan = plans.find((line) => line.startsWith('SEARCH accounts'));
      expect(plan).toContain(`accounts${index}${columns.map((column) => column.slice(0, -1)).join('_')}_created_at_id`);
      expect(plan).toContain(columns.map((column) => `${column}?`).join(' AND '));
      expect(plan?.includes('(created_at,id)<(?,?)')).toBe('before' in part);
      expect(plans.join('\n')).not.toMatch(/SCAN|TEMP B-TREE/);
    }
  });

  it('lookups of one account, endpoint or shared server use an index', async () => {
    const { id } = await storedSharedServer(store, [organizationId]);
    const account = { organizationId, accountId: id };
    const before = { at: 5, id: 'x' };
    const asks: ((db: Db) => Promise<unknown>)[] = [
      (db) => accounts.find(db, organizationId, id),
      (db) => endpoints.find(db, account, 'x'),
      (db) => endpoints.page(db, account, { limit: 9 }),
      (db) => endpoints.page(db, account, { limit: 9, before }),
      (db) => endpoints.findByTokenHash(db, 'x'),
      (db) => grants.organizationsOf(db, id),
      (db) => sharedServers.enabledNamed(db, 'x'),
    ];
    for (const ask of asks) {
      const plans = await plansOf(store, ask);
      expect(plans.length).toBeGreaterThan(0);
      expect(plans.join('\n')).not.toMatch(/SCAN|TEMP B-TREE/);
    }
  });

  it('an overview reads no more than what it tells: days with calls, and what expires', async () => {
    const period = { after: 1, until: 2 };
    const asks: ((db: Db) => Promise<unknown>)[] = [null, organizationId].flatMap((owner) => [
      (db: Db) => expiring.endpoints(db, owner, period, 100),
      (db: Db) => callDays.since(db, owner, 1),
      (db: Db) => requests.count(db, owner, { status: 'pending' }, 1),
    ]);
    for (const ask of [...asks, (db: Db) => expiring.credentials(db, null, period, 100)]) {
      const plans = await plansOf(store, ask);
      expect(plans.length).toBeGreaterThan(0);
      expect(plans.join('\n')).not.toMatch(/SCAN|TEMP B-TREE FOR ORDER BY/);
    }
  });

  it('what an organization has in hand costs the others nothing: it is found and summed up in an index', async () => {
    const claim = { exceptOrganizations: ['org_x'] };
    const options = { claimant: 'x', hasRivals: false };
    const asks: ((db: Db) => Promise<unknown>)[] = [
      (db) => ownersOfWork(db, 'webhook_deliveries', claim, options),
      (db) => deliveries.withRoom(db, ['x'], 1),
      (db) => requests.heldBytes(db, organizationId),
      (db) => requests.endedBytes(db, organizationId),
      (db) => requests.removeOldest(db, organizationId, 'undecided', 1),
    ];
    for (const ask of asks) {
      const plans = await plansOf(store, ask);
      expect(plans.length).toBeGreaterThan(0);
      // The organizations that are found.
      expect(plans.filter((line) => line !== 'SCAN owners').join('\n')).not.toMatch(/SCAN|TEMP B-TREE/);
      expect(plans.filter((line) => /by_held_bytes|ended_at/.test(line)).join('\n')).not.toMatch(/USING INDEX/);
    }
  });
});
