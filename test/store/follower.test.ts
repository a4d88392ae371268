import { createConnection, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterEach, expect, it, vi } from 'vitest';
import * as servers from '../../src/store/servers.ts';
import * as settings from '../../src/store/settings.ts';
import type { Store } from '../../src/store/store.ts';
import { listenOn } from '../support/sockets.ts';
import { onEngine } from './support/harness.ts';
import { openReplica, urlOf } from './support/replica.ts';
import { anOrganization, aServer } from './support/samples.ts';

const COMMITS = Number(process.env.FOLLOWED_COMMITS ?? 300);
const WRITERS = 8;
/** Ten times the promise. */
const PATIENCE = { timeout: 10_000, interval: 20 };
const NEVER_CHANGED = ['never changed'];

onEngine('postgres', ({ location, postgres }) => {
  const opened: (Store | Client)[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) {
      await (one instanceof Client ? one.end() : one.close());
    }
  });
  const replica = async (place: Awaited<ReturnType<typeof location>>) => {
    const store = await openReplica(place);
    opened.push(store);
    return store;
  };
  const connect = async (place: Awaited<ReturnType<typeof location>>, onNotice: () => void = () => undefined) => {
    const client = new Client({ connectionString: urlOf(place) });
    client.on('error', () => undefined);
    client.on('notification', onNotice);
    await client.connect();
    opened.push(client);
    return client;
  };
  const cut = (client: Client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and (query ilike '%pg_current_snapshot%' or query ilike 'listen%' or query ilike 'notify%')
         and pid <> pg_backend_pid()`,
    );
  const commitOf = (topic: string | null) =>
    `insert into changes (subject, topics) values ('config', ${topic === null ? 'null' : `array['${topic}']`})`;

  it(`misses none of ${COMMITS} commits of ${WRITERS} writers, with delays and roll-backs`, {
    timeout: 60_000 + COMMITS * 20,
  }, async () => {
    const place = await location();
    const store = await replica(place);
    const seenAt = new Map<string, number>();
    let everything = 0;
    store.onChange('config', (topics) => {
      if (topics === 'anything') {
        everything += 1;
        return;
      }
      for (const topic of topics) {
        // None is seen twice.
        expect(seenAt.has(topic)).toBe(false);
        seenAt.set(topic, performance.now());
      }
    });
    const committedAt = new Map<string, number>();
    let next = 0;
    const write = async () => {
      const client = await connect(place);
      while (next < COMMITS) {
        const topic = `t${next++}`;
        const isKept = Math.random() > 0.2;
        await client.query('begin');
        await client.query(commitOf(topic));
        await pause(Math.random() < 0.02 ? 200 : Math.random() * 5);
        await client.query(isKept ? 'commit' : 'rollback');
        if (isKept) {
          committedAt.set(topic, performance.now());
        }
      }
    };
    // A transaction that stays open all the time, such as that of a backup.
    const slow = await connect(place);
    await slow.query('begin; select pg_current_xact_id()');
    await Promise.all(Array.from({ length: WRITERS }, write));
    await vi.waitFor(() => expect(seenAt.size).toBe(committedAt.size), PATIENCE);
    expect([...seenAt.keys()].toSorted()).toEqual([...committedAt.keys()].toSorted());
    expect(everything).toBe(0);
    const delays = [...seenAt].map(([topic, at]) => at - (committedAt.get(topic) as number));
    expect(Math.max(...delays)).toBeLessThan(PATIENCE.timeout);
  });

  it('counts the commits of another process by their topics, and wakes that one', { timeout: 30_000 }, async () => {
    const place = await location();
    const [one, other] = [await replica(place), await replica(place)];
    const organizationId = await anOrganization(one);
    const [mine, its] = [one.changes(), other.changes()];
    const server = await one.write((db) => servers.insert(db, aServer(organizationId)));
    // At once for the writer.
    expect(one.hasChanged([server.id], mine)).toBe(true);
    await vi.waitFor(() => expect(other.hasChanged([server.id], its)).toBe(true), PATIENCE);
    expect(other.hasChanged(NEVER_CHANGED, its)).toBe(false);
    const counted = [one.changes(), other.changes()];
    // Neither settings nor later looks count anything.
    await one.write((db) => settings.set(db, 'key', 'value'));
    await pause(2500);
    expect([one.changes(), other.changes()]).toEqual(counted);
  });

  it('counts a commit with more topics than it names, and one without topics, as a change of everything', async () => {
    const place = await location();
    const [one, other] = [await replica(place), await replica(place)];
    const organizationId = await anOrganization(one);
    const commits = [
      () =>
        one.write(async (db) => {
          for (let count = 0; count < 120; count += 1) {
            await servers.insert(db, aServer(organizationId));
          }
        }),
      () => one.write((db) => sql`update servers set name = 'x'`.execute(db.sql)),
    ];
    for (const commit of commits) {
      const before = other.changes();
      await commit();
      await vi.waitFor(() => expect(other.hasChanged(NEVER_CHANGED, before)).toBe(true), PATIENCE);
    }
  });

  it('tells listeners of a subject until they stop', async () => {
    const place = await location();
    const [one, other] = [await replica(place), await replica(place)];
    const heard: string[] = [];
    const stops = [one, other].map((store, index) => store.onChange('approvals', () => heard.push(`store ${index}`)));
    const change = () => one.write((db) => sql`select 1 as "one"`.execute(db.sql));
    await change();
    // The writer hears of it before its answer.
    expect(heard).toEqual(['store 0']);
    await vi.waitFor(() => expect(heard).toEqual(['store 0', 'store 1']), PATIENCE);
    for (const stop of stops) {
      stop();
    }
    await change();
    await pause(1500);
    expect(heard).toHaveLength(2);
  });

  it('wakes others no more often than every 20 ms, after the commit', async () => {
    const place = await location();
    const store = await replica(place);
    const organizationId = await anOrganization(store);
    let notices = 0;
    const client = await connect(place, () => {
      notices += 1;
    });
    await client.query('listen gatehouse_changes');
    const begun = performance.now();
    const WRITES = 60;
    await Promise.all(
      Array.from({ length: WRITES }, () => store.write((db) => servers.insert(db, aServer(organizationId)))),
    );
    await vi.waitFor(() => expect(notices).toBeGreaterThan(0), PATIENCE);
    await pause(100);
    expect(notices).toBeLessThanOrEqual(Math.min(WRITES, (performance.now() - begun) / 20 + 2));
  });

  it('counts everything once after its connection was cut, and follows again', { timeout: 30_000 }, async () => {
    const place = await location();
    const store = await replica(place);
    const client = await connect(place);
    const before = store.changes();
    await cut(client);
    await client.query(commitOf('while it was cut'));
    await vi.waitFor(() => expect(store.hasChanged(NEVER_CHANGED, before)).toBe(true), PATIENCE);
    const once = store.changes();
    await pause(2500);
    expect(store.changes()).toBe(once);
    await client.query(commitOf('afterwards'));
    await vi.waitFor(() => expect(store.hasChanged(['afterwards'], once)).toBe(true), PATIENCE);
    expect(store.hasChanged(NEVER_CHANGED, once)).toBe(false);
  });

  it('follows again when the server does not answer its first question', { timeout: 30_000 }, async () => {
    const place = await location();
    const database = new URL(urlOf(place));
    let isSilent = false;
    let silenced = 0;
    const proxy = createServer((client) => {
      const server = createConnection(Number(database.port), database.hostname);
      client.on('data', (bytes) => {
        // The connection stays open, and nothing of this question arrives.
        if (isSilent && bytes.includes('listen gatehouse')) {
          isSilent = false;
          silenced += 1;
        } else {
          server.write(bytes);
        }
      });
      server.pipe(client);
      client.on('error', () => server.destroy()).on('close', () => server.destroy());
      server.on('error', () => client.destroy()).on('close', () => client.destroy());
    });
    const { port, stop } = await listenOn(proxy);
    const url = Object.assign(new URL(database), { hostname: '127.0.0.1', port: String(port) }).href;
    const store = await openReplica({ kind: 'postgres', url }, 300);
    const client = await connect(place);
    isSilent = true;
    await cut(client);
    await vi.waitFor(() => expect(silenced).toBe(1), PATIENCE);
    const before = store.changes();
    await client.query(commitOf('while nothing was heard'));
    await vi.waitFor(() => expect(store.hasChanged(['while nothing was heard'], before)).toBe(true), PATIENCE);
    await store.close();
    await stop();
  });

  it('counts everything once after a restart of the server', { timeout: 60_000 }, async () => {
    const server = await postgres();
    const place = { kind: 'postgres', url: await server.createDatabase() } as const;
    const store = await replica(place);
    const before = store.changes();
    await server.halt();
    await pause(1500);
    expect(store.hasChanged(NEVER_CHANGED, before)).toBe(false);
    await server.resume();
    await vi.waitFor(() => expect(store.hasChanged(NEVER_CHANGED, before)).toBe(true), PATIENCE);
  });

  it('drops what another server has recorded from a restored table, and old commits', async () => {
    const place = await location();
    const first = await openReplica(place);
    const client = await connect(place);
    await first.close();
    await client.query(`
      insert into changes (xid, subject, topics, at) values
        ('99999999999', 'config', array['of another server'], clock_timestamp()),
        (pg_current_xact_id(), 'config', array['old'], clock_timestamp() - interval '11 minutes'),
        ('3', 'config', array['recent'], clock_timestamp() - interval '9 minutes')`);
    const store = await replica(place);
    const before = store.changes();
    const { rows } = await client.query("select topics[1] as topic from changes where topics[1] ~ 'of|old|recent'");
    expect(rows).toEqual([{ topic: 'recent' }]);
    await pause(2500);
    expect(store.changes()).toBe(before);
  });

  it('counts what may have been committed when the answer to a commit is lost', async () => {
    const place = await location();
    const [store, other] = [await replica(place), await replica(place)];
    const organizationId = await anOrganization(store);
    const server = await store.write((db) => servers.insert(db, aServer(organizationId)));
    const before = store.changes();
    // The commit waits behind a constraint that is checked then, and its connection is cut meanwhile.
    const client = await connect(place);
    await client.query(`
      create function wait_at_commit() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return null; end $$`);
    await client.query(`
      create constraint trigger waits after update on servers deferrable initially deferred
      for each row execute function wait_at_commit()`);
    const writing = store
      .write((db) => servers.update(db, { ...server, name: 'x' }, 1))
      .catch((error: unknown) => error);
    await vi.waitFor(async () => {
      const { rowCount } = await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      );
      expect(rowCount).toBe(1);
    }, PATIENCE);
    expect(await writing).toBeInstanceOf(Error);
    expect(store.hasChanged([server.id], before)).toBe(true);
    expect(await servers.find(other.read, organizationId, server.id)).toMatchObject({ name: server.name });
  });
});
