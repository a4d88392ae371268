import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as settings from '../../src/store/settings.ts';
import { StoreBusy, StoreUnavailable } from '../../src/store/store.ts';
import { MAX_WAITING_WRITES } from '../../src/store/write-shares.ts';
import { call } from '../support/client.ts';
import { startTestServer } from '../support/server.ts';
import { createWorld } from '../support/world.ts';
import { onBothEngines } from './support/harness.ts';

onBothEngines(({ open, shared }) => {
  it('runs a write of one organization before hundreds of another', async () => {
    const store = await shared();
    const answered: string[] = [];
    const write = (owner: string, index: number) =>
      store.writeFor(owner, (db) => settings.set(db, `${owner} ${index}`, 'x')).then(() => answered.push(owner));
    const many = Array.from({ length: 200 }, (_, index) => write('org_many', index));
    await Promise.all([write('org_one', 0), write('org_other', 0), ...many]);
    expect(answered.indexOf('org_one')).toBeLessThan(100);
    expect(answered.indexOf('org_other')).toBeLessThan(100);
    expect(answered).toHaveLength(202);
  });

  it('refuses an organization with the maximum of waiting writes, and serves others and the gateway itself', async () => {
    const store = await open();
    const { promise: held, resolve: go } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    // Three that run where writes run side by side, and one where they do not.
    const hold = () =>
      store.writeFor('org_many', async () => {
        begun.resolve();
        await held;
      });
    const holding = [hold(), hold(), hold()];
    await begun.promise;
    const results = Promise.allSettled(
      Array.from({ length: MAX_WAITING_WRITES + 100 }, (_, index) =>
        store.writeFor('org_many', (db) => settings.set(db, 'many', String(index))),
      ),
    );
    const others = [
      store.writeFor('org_one', (db) => settings.set(db, 'one', 'x')),
      store.write((db) => settings.set(db, 'system', 'x')),
    ];
    go();
    await Promise.all([...holding, ...others]);
    const refused = (await results).filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.length).toBeGreaterThanOrEqual(100);
    expect(refused.length).toBeLessThanOrEqual(103);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(StoreBusy);
      expect(reason).toBeInstanceOf(StoreUnavailable);
    }
    await store.writeFor('org_many', (db) => settings.set(db, 'many', 'again'));
    expect(await settings.get(store.read, 'many')).toBe('again');
    await store.check();
  });
});

it('answers 503 with Retry-After to an organization with too many waiting changes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-fair-writes-'));
  const gateway = await startTestServer({ location: { kind: 'file', directory } });
  const [many, one] = [await createWorld(gateway), await createWorld(gateway)];
  const create = (as: typeof many.pair) =>
    call(gateway.url, 'createMcpServer', { body: { name: 'x', url: 'https://x.example.com/mcp' }, as });
  const { promise: held, resolve: go } = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const { writeFor } = gateway.deps.store;
  const holding = writeFor(many.organizationId, async () => {
    begun.resolve();
    await held;
  });
  await begun.promise;
  const waiting = Array.from({ length: MAX_WAITING_WRITES }, () =>
    writeFor(many.organizationId, async () => undefined),
  );
  const refused = await create(many.pair);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(refused.text).toContain(`${MAX_WAITING_WRITES} changes waiting`);
  const creating = create(one.pair);
  go();
  expect((await creating).status).toBe(201);
  await Promise.all([holding, ...waiting]);
  expect((await create(many.pair)).status).toBe(201);
  await gateway.stop();
  await rm(directory, { recursive: true });
});
