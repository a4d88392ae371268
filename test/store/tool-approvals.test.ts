import { expect, it } from 'vitest';
import * as servers from '../../src/store/servers.ts';
import * as toolApprovals from '../../src/store/tool-approvals.ts';
import * as usage from '../../src/store/usage.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization, aServer } from './support/samples.ts';

const REST = { approvalHash: 'h', autoApprove: true, createdAt: 1, expiresAt: null, definition: null };
const keyOf = ({ id, organizationId }: servers.NewServer) => ({ organizationId, accountId: id });

onBothEngines(({ shared }) => {
  it('lists decisions oldest first, ties by tool name, and replaces older ones', async () => {
    const store = await shared();
    const server = aServer(await anOrganization(store));
    await store.write((db) => servers.insert(db, server));
    const decide = (toolName: string, approvalHash: string, autoApprove: boolean, createdAt: number) =>
      store.write((db) =>
        toolApprovals.upsert(db, {
          ...keyOf(server),
          toolName,
          approvalHash,
          autoApprove,
          createdAt,
          expiresAt: createdAt === 3 ? 9 : null,
          definition: null,
        }),
      );
    await decide('b', 'h1', true, 1);
    await decide('c', 'h2', false, 2);
    await decide('a', 'h3', true, 2);
    await decide('b', 'h4', false, 3);

    expect(await toolApprovals.list(store.read, keyOf(server))).toEqual([
      { ...keyOf(server), toolName: 'a', approvalHash: 'h3', autoApprove: true, createdAt: 2, expiresAt: null },
      { ...keyOf(server), toolName: 'c', approvalHash: 'h2', autoApprove: false, createdAt: 2, expiresAt: null },
      { ...keyOf(server), toolName: 'b', approvalHash: 'h4', autoApprove: false, createdAt: 3, expiresAt: 9 },
    ]);
  });

  it('deletes a decision once, and all of them with their server', async () => {
    const store = await shared();
    const server = aServer(await anOrganization(store));
    await store.write((db) => servers.insert(db, server));
    for (const toolName of ['a', 'b']) {
      await store.write((db) => toolApprovals.upsert(db, { ...keyOf(server), ...REST, toolName }));
    }
    expect(await store.write((db) => toolApprovals.remove(db, keyOf(server), 'a'))).toBe(true);
    expect(await store.write((db) => toolApprovals.remove(db, keyOf(server), 'a'))).toBe(false);
    expect(await toolApprovals.list(store.read, keyOf(server))).toHaveLength(1);
    await store.write((db) => servers.remove(db, server.organizationId, server.id));
    expect(await toolApprovals.list(store.read, keyOf(server))).toEqual([]);
  });

  it('returns the definition of a decision that counts, if it is another one, and counts its bytes', async () => {
    const store = await shared();
    const organizationId = await anOrganization(store);
    const server = aServer(organizationId);
    await store.write((db) => servers.insert(db, server));
    const used = async () => (await usage.of(store.read, organizationId, ['tool_bytes'])).tool_bytes;
    const upsert = (changes: Partial<toolApprovals.NewToolApproval>) =>
      store.write((db) => toolApprovals.upsert(db, { ...keyOf(server), ...REST, toolName: 'a', ...changes }));
    const other = (hash: string, now = 5) =>
      toolApprovals.otherDefinition(store.read, keyOf(server), 'a', { hash, now });
    expect(await other('present')).toBe(null);
    await upsert({ definition: null });
    expect(await other('present')).toBe(null);
    await upsert({ definition: '{"name":"ä"}', expiresAt: 6 });
    expect([await other('present'), await other('h'), await other('present', 6)]).toEqual(['{"name":"ä"}', null, null]);
    expect(await used()).toBe(13);
    await upsert({ definition: '{}' });
    expect([await other('present', 6), await used()]).toEqual(['{}', 2]);
    await store.write((db) => servers.remove(db, organizationId, server.id));
    expect([await other('present'), await used()]).toEqual([null, 0]);
  });

  it('refuses a decision about an unknown server', async () => {
    const store = await shared();
    const orphan = { ...keyOf(aServer(await anOrganization(store))), ...REST, toolName: 'a' };
    await expect(store.write((db) => toolApprovals.upsert(db, orphan))).rejects.toThrow(/foreign key/i);
  });
});
