import {
  DummyDriver,
  Kysely,
  type OperationNodeSource,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import { expect, it } from 'vitest';
import { createChanges } from '../../src/store/changes.ts';
import type { Database } from '../../src/store/schema.ts';
import { changedBy, serversOf } from '../../src/store/topics.ts';

const db = new Kysely<Database>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
const of = (query: OperationNodeSource) => changedBy(query.toOperationNode());

const APPROVAL = { organization_id: 'o', tool_name: 't', approval_hash: 'h', auto_approve: 1, created_at: 1 };
const CATALOGUE = { tools: null, seen_at: null, pins: null };

it.each<[string, OperationNodeSource, readonly string[]]>([
  ['one row that is inserted', db.insertInto('tool_approvals').values({ account_id: 'a', ...APPROVAL }), ['a']],
  [
    'several rows that are inserted',
    db.insertInto('tool_approvals').values(['a', 'b'].map((account_id) => ({ account_id, ...APPROVAL }))),
    ['a', 'b'],
  ],
  [
    'a row in place of one with the same key',
    db
      .insertInto('server_catalogues')
      .values({ server_id: 'a', ...CATALOGUE })
      .onConflict((conflict) => conflict.column('server_id').doUpdateSet(CATALOGUE)),
    ['catalogue a'],
  ],
  ['a condition on the id', db.deleteFrom('integrations').where('id', '=', 'a').where('version', '=', 1), ['a']],
  [
    'the narrowest of several conditions, in whatever order',
    db.updateTable('endpoints').set({ name: 'x' }).where('organization_id', '=', 'org').where('id', '=', 'a'),
    ['a'],
  ],
  ['a condition on a wider column', db.deleteFrom('accounts').where('organization_id', '=', 'org'), ['org']],
  ['a condition with a table', db.deleteFrom('integrations').where('integrations.id', '=', 'a'), ['a']],
  ['a list', db.deleteFrom('endpoints').where('id', 'in', ['a', 'b']), ['a', 'b']],
  [
    'conditions in brackets',
    db.deleteFrom('integrations').where(({ and, eb }) => and([eb('version', '=', 1), and([eb('id', '=', 'a')])])),
    ['a'],
  ],
  [
    'values in a query',
    db
      .insertInto('accounts')
      .columns(['organization_id', 'id'])
      .expression(db.selectFrom('organizations').select(['id as o', sql.val('a').as('i')])),
    ['a'],
  ],
  [
    'a server, and the servers of its organization',
    db.deleteFrom('servers').where('id', '=', 'a').where('organization_id', '=', 'o'),
    ['a', serversOf('o')],
  ],
  ['a count in the row of an organization', db.updateTable('organizations').set({ server_count: 1 }), []],
  ['a query', db.selectFrom('servers').selectAll(), []],
  ['a table that nothing depends on', db.deleteFrom('audit_events'), []],
])('knows the topics of %s', (_, query, topics) => {
  expect(of(query)).toEqual(topics);
});

it.each<[string, OperationNodeSource]>([
  ['every row', db.deleteFrom('servers')],
  ['a server of any organization', db.deleteFrom('servers').where('id', '=', 'a')],
  ['a condition on something else', db.deleteFrom('servers').where('name', '=', 'a')],
  ['an alternative', db.deleteFrom('servers').where(({ or, eb }) => or([eb('id', '=', 'a'), eb('name', '=', 'b')]))],
  ['all but one', db.deleteFrom('servers').where('id', '!=', 'a')],
  [
    'rows that a query finds',
    db.deleteFrom('endpoints').where('id', 'in', (query) => query.selectFrom('endpoints').select('id')),
  ],
  [
    'a row that gets another topic',
    db.updateTable('server_catalogues').set({ server_id: 'b' }).where('server_id', '=', 'a'),
  ],
  [
    'a row in place of one with another key',
    db
      .insertInto('servers')
      .values({ id: 'a' } as never)
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ name: 'x' })),
  ],
  [
    'rows of which a query has the ids',
    db.insertInto('accounts').columns(['id']).expression(db.selectFrom('organizations').select('id')),
  ],
  [
    'a statement with another one in it',
    db
      .with('gone', (query) => query.deleteFrom('servers').returningAll())
      .selectFrom('gone')
      .selectAll(),
  ],
  ['another table besides', db.deleteFrom('servers').using('accounts').where('servers.id', '=', 'a')],
  ['a table that is not in the schema', db.deleteFrom('others' as 'servers')],
  ['words of SQL', sql`delete from servers`],
])('counts %s as a change of anything', (_, query) => {
  expect(of(query)).toBe('anything');
});

it('remembers the last changes of a limited number of topics', async () => {
  const changes = createChanges(2);
  const change = async (id: string) => {
    const { sql, changed } = changes.watch(db);
    await sql.deleteFrom('integrations').where('id', '=', id).execute();
    changes.note(changed());
    return changes.changes();
  };
  const [a, b, c] = [await change('a'), await change('b'), await change('a')];
  expect([changes.hasChanged(['a'], b), changes.hasChanged(['b'], b), changes.hasChanged(['x'], 0)]).toEqual([
    true,
    false,
    false,
  ]);
  await change('c');
  expect([changes.hasChanged(['x'], a), changes.hasChanged(['x'], b), changes.hasChanged(['b'], a)]).toEqual([
    true,
    false,
    true,
  ]);
  expect([changes.hasChanged(['a'], c), changes.hasChanged(['c'], c)]).toEqual([false, true]);
});
