import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SEALED } from '../../src/store/sealed.ts';
import { call } from '../support/client.ts';
import { startTestServer } from '../support/server.ts';
import { callTool, created, share, small, statusOf, unique } from '../support/shared-servers.ts';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-broken-'));
afterAll(() => rmSync(directory, { recursive: true }));

const start = () =>
  startTestServer({
    environment: {},
    location: { kind: 'file', directory },
    env: { GATEHOUSE_SECRET_KEY: Buffer.alloc(32, 'k').toString('base64') },
  });

/** What a row may hold that no gateway wrote: sealed with this key, but for the first two. */
const BROKEN: readonly [what: string, config: (seal: (plain: string) => string) => string][] = [
  ['nothing', () => ''],
  ['a value of another key', () => 'ffffffff.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  ['no JSON', (seal) => seal('{"name":')],
  ['null', (seal) => seal('null')],
  ['a list', (seal) => seal('[]')],
  ['an object without members', (seal) => seal('{}')],
  [
    'members of other types',
    (seal) => seal('{"name":1,"transport":"stdio","command":{},"args":5,"env":7,"headers":null}'),
  ],
  [
    'a URL that is none',
    (seal) => seal('{"name":"x","transport":"streamable_http","url":"::","headers":{},"args":[],"env":{}}'),
  ],
];

test('marks a server with a broken row, and starts all others', async () => {
  const first = await start();
  const sound = await created(first, small());
  const { token } = await share(first, sound);
  const broken = new Map<string, string>();
  for (const [what, config] of BROKEN) {
    const id = await created(first, small({ name: unique() }));
    broken.set(id, what);
    const text = config((plain) => first.deps.store.read.secrets.seal(plain, SEALED.sharedServerConfig.contextOf(id)));
    await first.deps.store.write((db) =>
      db.sql.updateTable('shared_servers').set({ config: text }).where('id', '=', id).execute(),
    );
  }
  await first.stop();

  const gateway = await start();
  await expect.poll(() => callTool(gateway, token, 'folder')).toContain('/');
  expect((await call(gateway.url, 'getReadiness')).status).toBe(200);
  for (const [id, what] of broken) {
    const status = await statusOf(gateway, id);
    expect([what, status.state, status.lastError]).toEqual([what, 'unreachable', expect.any(String)]);
    const deleted = await call(gateway.url, 'deleteSharedServer', { path: { mcp_id: id } });
    expect([what, deleted.status]).toEqual([what, 200]);
  }
  await gateway.stop();
});
