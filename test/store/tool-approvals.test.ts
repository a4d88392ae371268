import { expect, it } from 'vitest';
import * as servers from '../../src/store/servers.ts';
import * as toolApprovals from '../../src/store/tool-approvals.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization, aServer } from './support/samples.ts';

onBothEngines(({ shared }) => {
  it('lists decisions oldest first, ties by tool name, and replaces older ones', async () => {
    const store = await shared();
    const server = aServer(await anOrganization(store));
    await store.write((db) => servers.insert(db, server));
    const decide = (toolName: string, approvalHash: string, autoApprove: boolean, createdAt: number) =>
      store.write((db) =>
        toolApprovals.upsert(db, { serverId: server.id, toolName, approvalHash, autoApprove, createdAt }),
      );
    await decide('b', 'h1', true, 1);
    await decide('c', 'h2', false, 2);
    await decide('a', 'h3', true, 2);
    await decide('b', 'h4', false, 3);

    expect(await toolApprovals.list(store.read, server.id)).toEqual([
      { serverId: server.id, toolName: 'a', approvalHash: 'h3', autoApprove: true, createdAt: 2 },
      { serverId: server.id, toolName: 'c', approvalHash: 'h2', autoApprove: false, createdAt: 2 },
      { serverId: server.id, toolName: 'b', approvalHash: 'h4', autoApprove: false, createdAt: 3 },
    ]);
  });

  it('deletes a decision once, and all of them with their server', async () => {
    const store = await shared();
    const server = aServer(await anOrganization(store));
    await store.write((db) => servers.insert(db, server));
    for (const toolName of ['a', 'b']) {
      await store.write((db) =>
        toolApprovals.upsert(db, { serverId: server.id, toolName, approvalHash: 'h', autoApprove: true, createdAt: 1 }),
      );
    }
    expect(await store.write((db) => toolApprovals.remove(db, server.id, 'a'))).toBe(true);
    expect(await store.write((db) => toolApprovals.remove(db, server.id, 'a'))).toBe(false);
    expect(await toolApprovals.list(store.read, server.id)).toHaveLength(1);
    await store.write((db) => servers.remove(db, server.organizationId, server.id));
    expect(await toolApprovals.list(store.read, server.id)).toEqual([]);
  });

  it('refuses a decision about an unknown server', async () => {
    const store = await shared();
    const orphan = { serverId: 'nobody', toolName: 'a', approvalHash: 'h', autoApprove: true, createdAt: 1 };
    await expect(store.write((db) => toolApprovals.upsert(db, orphan))).rejects.toThrow(/foreign key/i);
  });
});
