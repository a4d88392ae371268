import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createDatabase } from '../store/support/postgres.ts';
import { type Answer, call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { mint } from '../support/minted.ts';
import { ROOT } from '../support/process.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import {
  callTool,
  change,
  create,
  created,
  grant,
  read,
  remove,
  share,
  statusOf,
  stdio,
  unique,
} from '../support/shared-servers.ts';

/** How often each race is run in memory; on PostgreSQL, which takes its time, a fifth of that. */
const ROUNDS = Number(process.env.RACE_ROUNDS ?? 5);

/** A server whose tool says its word. */
const tiny = (word: string, name = unique()) =>
  stdio(name, { args: [join(ROOT, 'test/support/tiny-stdio.cjs')], env: { WORD: word } });
const wordIn = ({ body }: Answer): string => (body.data ?? body).mcpServer.env.WORD;
const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status).toSorted();

describe.each(['memory', 'postgres'] as const)('on %s', (engine) => {
  const rounds = engine === 'memory' ? ROUNDS : Math.ceil(ROUNDS / 5);
  let gateway: TestServer;
  beforeAll(async () => {
    const url = engine === 'postgres' ? await createDatabase(inject('postgresUrl') ?? '') : '';
    gateway = await startTestServer({
      location: engine === 'postgres' ? { kind: 'postgres', url } : { kind: 'memory' },
    });
  });
  afterAll(() => gateway.stop());

  /** A race, again and again; each round has a number. */
  const race = (name: string, run: (round: number) => Promise<void>) =>
    test(`${name}, ${rounds} times`, { timeout: 30_000 + rounds * 5000 }, async () => {
      for (let round = 0; round < rounds; round++) {
        await run(round);
      }
    });
  const list = async (): Promise<Json[]> => (await call(gateway.url, 'listSharedServers')).body;
  /** What is stored, once it is known that this is what runs. */
  async function agreed(id: string, token: string): Promise<Json> {
    const row = await read(gateway, id);
    expect(await callTool(gateway, token, 'word')).toBe(wordIn(row));
    expect(await statusOf(gateway, id)).toMatchObject({ state: 'connected', lastError: null });
    return row.body;
  }

  describe('two changes of one server', () => {
    let id: string;
    let token: string;
    beforeAll(async () => {
      id = await created(gateway, tiny('first'));
      token = (await share(gateway, id)).token;
    });
    afterAll(() => remove(gateway, id));

    race('other fields: both are kept', async (round) => {
      const answers = await Promise.all([
        change(gateway, id, { name: `Name ${round}` }),
        change(gateway, id, { mcpServer: tiny(`word-${round}`) }),
      ]);
      expect(statuses(answers)).toEqual([200, 200]);
      expect(await agreed(id, token)).toMatchObject({
        name: `Name ${round}`,
        mcpServer: { env: { WORD: `word-${round}` } },
      });
    });

    race('one of them off and on: what it is called is kept, and it runs or does not', async (round) => {
      const answers = await Promise.all([
        change(gateway, id, { enabled: false }),
        change(gateway, id, { name: `Switched ${round}` }),
        change(gateway, id, { enabled: true }),
      ]);
      expect(statuses(answers)).toEqual([200, 200, 200]);
      const { enabled, name } = (await read(gateway, id)).body;
      expect([name, (await statusOf(gateway, id)).state]).toEqual([
        `Switched ${round}`,
        enabled ? 'connected' : 'disabled',
      ]);
      await change(gateway, id, { enabled: true });
      await agreed(id, token);
    });

    race('the same field: it is one of them', async (round) => {
      const words = ['a', 'b', 'c'].map((letter) => `${letter}-${round}`);
      const answers = await Promise.all(words.map((word) => change(gateway, id, { mcpServer: tiny(word) })));
      expect(statuses(answers)).toEqual([200, 200, 200]);
      expect(answers.map(wordIn)).toEqual(words);
      const row = await agreed(id, token);
      expect(words).toContain(row.mcpServer.env.WORD);
      // Every one of them is a version of its own.
      expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size).toBe(3);
    });

    race('the same field, of the version that was read: one of them, and 412 for the others', async (round) => {
      const version = { 'If-Match': (await read(gateway, id)).headers.get('etag') ?? '' };
      const words = ['a', 'b', 'c'].map((letter) => `if-${letter}-${round}`);
      const answers = await Promise.all(words.map((word) => change(gateway, id, { mcpServer: tiny(word) }, version)));
      expect(statuses(answers)).toEqual([200, 412, 412]);
      const won = answers.find(({ status }) => status === 200) as Answer;
      expect((await agreed(id, token)).mcpServer).toEqual(won.body.data.mcpServer);
    });

    race('beside its grants: both are kept', async (round) => {
      const organizations = round % 2 === 0 ? 'all' : [gateway.organizationId];
      const answers = await Promise.all([
        grant(gateway, id, organizations),
        change(gateway, id, { mcpServer: tiny(`granted-${round}`) }),
      ]);
      expect(statuses(answers)).toEqual([200, 200]);
      const { body } = await call(gateway.url, 'getSharedServerOrganizations', { path: { mcp_id: id } });
      expect(body).toEqual({ organizations });
      expect((await agreed(id, token)).mcpServer.env.WORD).toBe(`granted-${round}`);
      expect(await callTool(gateway, (await mint(gateway, `mcp_${id}`)).token, 'word')).toBe(`granted-${round}`);
    });
  });

  race('grants of one server: one of them is left, and none fails', async () => {
    const id = await created(gateway, tiny('granted'));
    const wanted = ['all', [], [gateway.organizationId]];
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => grant(gateway, id, wanted[index % 3])));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    const { organizations } = (await call(gateway.url, 'getSharedServerOrganizations', { path: { mcp_id: id } })).body;
    expect(wanted).toContainEqual(organizations);
    const path = { id };
    const account = await call(gateway.url, 'getAccount', { path });
    expect(account.status).toBe(organizations.length === 0 ? 404 : 200);
    await remove(gateway, id);
  });

  race('two servers are changed: each has its own', async (round) => {
    const ids = await Promise.all(['x', 'y'].map((word) => created(gateway, tiny(`${word}-${round}`))));
    const words = ['x', 'y'].map((word) => `new-${word}-${round}`);
    const tokens = await Promise.all(ids.map(async (id) => (await share(gateway, id)).token));
    const answers = await Promise.all(
      ids.map((id, index) => change(gateway, id, { name: words[index], mcpServer: tiny(words[index] as string) })),
    );
    expect(statuses(answers)).toEqual([200, 200]);
    const rows = await Promise.all(ids.map((id, index) => agreed(id, tokens[index] as string)));
    expect(rows.map(({ name, mcpServer }) => [name, mcpServer.env.WORD])).toEqual(words.map((word) => [word, word]));
    await Promise.all(ids.map((id) => remove(gateway, id)));
  });

  race('changed and deleted: it is gone', async (round) => {
    const id = await created(gateway, tiny('doomed'));
    const requests = [
      () => change(gateway, id, { mcpServer: tiny(`late-${round}`) }),
      () => remove(gateway, id),
      () => change(gateway, id, { name: 'Late' }),
    ];
    const order = round % 2 === 0 ? requests : requests.toReversed();
    const answers = await Promise.all(order.map((send) => send()));
    const changes = answers.filter((_, index) => index !== 1);
    expect(answers[1]?.status).toBe(200);
    expect(changes.filter(({ status }) => status !== 200 && status !== 404)).toEqual([]);
    expect((await read(gateway, id)).status).toBe(404);
    expect([await statusOf(gateway, id), gateway.deps.runtime.isConnectedTo(id)]).toEqual([undefined, false]);
  });

  race('deleted twice: once', async () => {
    const id = await created(gateway, tiny('doomed'));
    expect(statuses(await Promise.all([remove(gateway, id), remove(gateway, id)]))).toEqual([200, 404]);
    expect((await read(gateway, id)).status).toBe(404);
    expect(gateway.deps.runtime.isConnectedTo(id)).toBe(false);
  });

  race('two are created of one name: two slugs, and both run', async (round) => {
    const name = `Twins ${round}`;
    const words = ['one', 'two'].map((word) => `${word}-${round}`);
    const answers = await Promise.all(words.map((word) => create(gateway, tiny(word), { name })));
    expect(statuses(answers)).toEqual([201, 201]);
    expect(answers.map(({ body }) => body.data.slug).toSorted()).toEqual([`twins-${round}`, `twins-${round}-2`]);
    for (const { body } of answers) {
      await agreed(body.data.id, (await share(gateway, body.data.id)).token);
    }
    await Promise.all(answers.map(({ body }) => remove(gateway, body.data.id)));
  });

  race('three are created of one mcpServer.name: one of them', async (round) => {
    const name = unique();
    const words = ['one', 'two', 'three'].map((word) => `${word}-${round}`);
    const answers = await Promise.all(words.map((word) => create(gateway, tiny(word, name))));
    expect(statuses(answers)).toEqual([201, 409, 409]);
    const won = answers.find(({ status }) => status === 201) as Answer;
    const stored = (await list()).filter(({ mcpServer }) => mcpServer.name === name);
    expect(stored).toEqual([won.body.data]);
    expect((await agreed(stored[0].id, (await share(gateway, stored[0].id)).token)).id).toBe(won.body.data.id);
    await remove(gateway, stored[0].id);
  });

  race('two are given one mcpServer.name: one of them', async (round) => {
    const ids = await Promise.all(['x', 'y'].map((word) => created(gateway, tiny(`${word}-${round}`))));
    const name = unique();
    const answers = await Promise.all(
      ids.map((id) => change(gateway, id, { mcpServer: tiny(`named-${round}`, name) })),
    );
    expect(statuses(answers)).toEqual([200, 409]);
    expect((await list()).filter(({ mcpServer }) => mcpServer.name === name)).toHaveLength(1);
    for (const id of ids) {
      await agreed(id, (await share(gateway, id)).token);
    }
    await Promise.all(ids.map((id) => remove(gateway, id)));
  });
});
