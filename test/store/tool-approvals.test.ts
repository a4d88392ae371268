import { expect, it } from 'vitest';
import * as accounts from '../../src/store/accounts.ts';
import * as integrations from '../../src/store/integrations.ts';
import * as servers from '../../src/store/servers.ts';
import * as toolApprovals from '../../src/store/tool-approvals.ts';
import * as usage from '../../src/store/usage.ts';
import { onBothEngines } from './support/harness.ts';
import { anAccount, anIntegration, anOrganization, aServer, CONTENTS } from './support/samples.ts';

const REST = { approvalHash: 'h', autoApprove: true, createdAt: 1, expiresAt: null, definition: null };
const keyOf = ({ id, organizationId }: servers.NewServer | accounts.NewAccount) => ({ organizationId, accountId: id });

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

  it('deletes what lets calls of the accounts of one integration run, and nothing else', async () => {
    const store = await shared();
    const organizationId = await anOrganization(store);
    const [integration, other] = [anIntegration(organizationId), anIntegration(organizationId)];
    const own = [anAccount(integration), anAccount(integration), anAccount(integration)];
    const foreign = anAccount(other);
    await store.write(async (db) => {
      for (const one of [integration, other]) {
        await integrations.insert(db, one, CONTENTS);
      }
      for (const account of [...own, foreign]) {
        await accounts.insert(db, account);
        await toolApprovals.upsert(db, { ...keyOf(account), ...REST, toolName: 'a' });
        await toolApprovals.upsert(db, { ...keyOf(account), ...REST, toolName: 'b', autoApprove: false });
      }
      await toolApprovals.remove(db, keyOf(own[2] as accounts.NewAccount), 'a');
    });
    const running = await toolApprovals.runningOf(store.read, organizationId, integration.id);
    expect(running.toSorted()).toEqual(
      own
        .slice(0, 2)
        .map(({ id }) => id)
        .toSorted(),
    );
    const remove = () => store.write((db) => toolApprovals.removeRunning(db, organizationId, running));
    expect([await remove(), await remove()]).toEqual([2, 0]);
    const left = async (account: accounts.NewAccount) =>
      (await toolApprovals.list(store.read, keyOf(account))).map(({ toolName }) => toolName);
    expect(await Promise.all([...own, foreign].map(left))).toEqual([['b'], ['b'], ['b'], ['a', 'b']]);
  });

  it('refuses a decision about an unknown server', async () => {
    const store = await shared();
    const orphan = { ...keyOf(aServer(await anOrganization(store))), ...REST, toolName: 'a' };
    await expect(store.write((db) => toolApprovals.upsert(db, orphan))).rejects.toThrow(/foreign key/i);
  });
});
