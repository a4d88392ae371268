import { expect, it } from 'vitest';
import * as members from '../../src/store/members.ts';
import { remove as removeOrganization } from '../../src/store/organizations.ts';
import * as sessions from '../../src/store/sessions.ts';
import { onBothEngines } from './support/harness.ts';
import { anOrganization } from './support/samples.ts';

const aMember = (id: string, more: Partial<members.Member> = {}): members.Member => ({
  id,
  claim: 'groups',
  value: `group of ${id}`,
  organizationId: null,
  permissions: ['operator'],
  createdAt: 1,
  ...more,
});

const aSession = (id: string, memberIds: string[]): sessions.NewSession => ({
  ...{ id, memberIds, tokenHash: `hash of ${id}`, subject: `member:${id}`, name: 'Ada', organizationId: null },
  ...{ keyPairId: null, apiTokenId: null, operatorTokenHash: null, expiresAt: 1000, createdAt: 1 },
});

onBothEngines(({ shared }) => {
  it('stores members, finds them by the values of a claim, and lists them oldest first', async () => {
    const store = await shared();
    const organizationId = await anOrganization(store);
    const [late, early] = [
      aMember('late', { createdAt: 7, organizationId, permissions: ['accounts', 'servers', 'approvals'] }),
      aMember('early', { claim: 'email', value: 'ada@example.com' }),
    ];
    await store.write(async (db) => {
      await members.insert(db, late);
      await members.insert(db, early);
    });
    expect((await members.list(store.read)).filter(({ id }) => ['late', 'early'].includes(id))).toEqual([early, late]);
    expect(await members.listByClaim(store.read, 'groups', ['x', 'group of late'])).toEqual([late]);
    expect(await members.listByClaim(store.read, 'email', ['group of late'])).toEqual([]);
    expect(await members.listByClaim(store.read, 'groups', [])).toEqual([]);
    expect(await members.listClaims(store.read)).toEqual(expect.arrayContaining(['email', 'groups']));
    await store.write((db) => removeOrganization(db, organizationId));
    expect(await members.find(store.read, 'late')).toBeNull();
    expect(await store.write((db) => members.remove(db, 'early'))).toBe(true);
    expect(await store.write((db) => members.remove(db, 'early'))).toBe(false);
  });

  it('ends a session with any one of its members', async () => {
    const store = await shared();
    const [one, other] = [aMember('one'), aMember('other', { value: 'of another group' })];
    await store.write(async (db) => {
      await members.insert(db, one);
      await members.insert(db, other);
      await sessions.insert(db, aSession('of both', ['one', 'other']), 9);
      await sessions.insert(db, aSession('of one', ['one']), 9);
    });
    const find = (id: string) => sessions.findByHash(store.read, `hash of ${id}`);
    expect((await find('of both'))?.members).toEqual(expect.arrayContaining([one, other]));
    await store.write((db) => members.remove(db, 'other'));
    expect([await find('of both'), (await find('of one'))?.members]).toEqual([null, [one]]);
    expect(await store.write((db) => sessions.remove(db, 'of both'))).toBe(true);
  });
});
