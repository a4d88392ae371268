import { beforeEach, expect, it } from 'vitest';
import { createServerPlaces } from '../../src/approvals/server-places.ts';
import { ruleOf } from '../../src/contract/approval-policies.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { anOrganization, aServer } from '../store/support/samples.ts';

onBothEngines(({ shared }) => {
  let store: Store;
  let own: string;
  let server: servers.Server;
  /** How often the servers of an organization were read, and what to do before the next time. */
  let reads: number;
  let fails: boolean;
  beforeEach(async () => {
    store = await shared();
    own = await anOrganization(store);
    const held = aServer(own, { url: 'https://mcp.example.com/mcp', approvalPolicy: 'require_approval_all' });
    server = await store.write((db) => servers.insert(db, held));
    reads = 0;
    fails = false;
  });

  const create = () =>
    createServerPlaces({
      changes: store.changes,
      hasChanged: store.hasChanged,
      get read() {
        reads += 1;
        if (fails) {
          throw new Error('away');
        }
        return store.read;
      },
    });
  const policyAt = async (places: ReturnType<typeof create>, path = '/mcp') =>
    (await places.of(own))?.strictest(ruleOf('auto_approve_all'), {
      url: new URL(path, 'https://mcp.example.com'),
      headers: [],
    }).policy;
  const move = async () => {
    const moved = { ...server, url: 'https://mcp.example.com/other' };
    server = await store.write((db) => servers.update(db, moved, server.version)).then((after) => after ?? server);
  };

  it('reads an organization once until one of its servers changes', async () => {
    const places = create();
    expect(await policyAt(places)).toBe('require_approval_all');
    expect(await policyAt(places)).toBe('require_approval_all');
    expect(reads).toBe(1);
    await move();
    expect(await policyAt(places)).toBe('auto_approve_all');
    expect(await policyAt(places, '/other')).toBe('require_approval_all');
    expect(reads).toBe(2);
  });

  it('reads at most once more for all callers during a read, and returns the current state', async () => {
    const places = create();
    const first = policyAt(places);
    await move();
    const asked = Array.from({ length: 20 }, () => policyAt(places, '/other'));
    await first;
    expect(await Promise.all(asked)).toEqual(Array(20).fill('require_approval_all'));
    expect(reads).toBeLessThanOrEqual(2);
  });

  it('reads again after a database failure', async () => {
    const places = create();
    fails = true;
    const asked = [policyAt(places), policyAt(places)];
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await policyAt(places)).toBe('require_approval_all');
  });
});
