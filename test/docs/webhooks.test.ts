import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { newFolder, removeFolder } from './support.ts';

const SECRET = 'whsec_d2hhdCBhIHNlY3JldCBsb29rcyBsaWtlISEhISE=';
const ROOT = join(import.meta.dirname, '../..');

type Posted = { path: string; body: Record<string, unknown> };
const posted: Posted[] = [];
const services = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  posted.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString()) });
  response.writeHead(202).end();
});
let folder = '';
let program: ChildProcess;
let url = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => services.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(services.address() as AddressInfo).port}`;
  folder = await newFolder();
  const guide = await readFile(join(ROOT, 'docs/webhooks.md'), 'utf8');
  const [, source = ''] = /```js\n([\s\S]*?)```/.exec(guide) ?? [];
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  // Its own log tells the port that the system has chosen.
  const known = source.replace("() => console.log('listening')", 'function () { console.log(this.address().port) }');
  await writeFile(join(folder, 'relay.mjs'), known);
  await writeFile(join(folder, 'mail.sh'), `#!/bin/sh\ncat > '${folder}/mail.txt'\n`);
  await chmod(join(folder, 'mail.sh'), 0o755);
  const env = {
    ...process.env,
    PORT: '0',
    WEBHOOK_SECRET: SECRET,
    TEAMS_URL: `${origin}/teams`,
    PAGERDUTY_URL: `${origin}/pagerduty`,
    PAGERDUTY_KEY: 'routing-key',
    MAIL_COMMAND: join(folder, 'mail.sh'),
  };
  program = spawn(process.execPath, [join(folder, 'relay.mjs')], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  program.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  await vi.waitFor(() => expect(output).toMatch(/^\d+\n$/), { timeout: 20_000 });
  url = `http://127.0.0.1:${output.trim()}`;
});
afterAll(async () => {
  program.kill();
  services.close();
  await removeFolder(folder);
});

const send = (event: object, secret = SECRET) => {
  const body = JSON.stringify(event);
  const at = new Date();
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('evt_1', at, body),
  };
  return askOnce(url, 'post', '', { headers: { ...headers, 'Content-Type': 'application/json' }, body });
};

test('the program of the guide passes verified events on to Teams, PagerDuty and mail', async () => {
  const data = { id: 'apr_1', tool_name: 'send_mail' };
  expect((await send({ type: 'approval.requested', data })).status).toBe(204);
  const [teams, pagerduty] = posted.toSorted((a, b) => (a.path < b.path ? 1 : -1));
  expect(teams).toMatchObject({ path: '/teams', body: { type: 'message' } });
  expect(JSON.stringify(teams?.body)).toContain('Gatehouse: approval.requested send_mail apr_1');
  expect(pagerduty).toMatchObject({
    path: '/pagerduty',
    body: { routing_key: 'routing-key', event_action: 'trigger', dedup_key: 'apr_1' },
  });
  expect(await readFile(join(folder, 'mail.txt'), 'utf8')).toMatch(
    /^To: .+\nSubject: Gatehouse: approval.requested send_mail apr_1\n\n/,
  );
  posted.length = 0;
  await send({ type: 'approval.decided', data });
  expect(posted.find(({ path }) => path === '/pagerduty')?.body).toMatchObject({ event_action: 'resolve' });
});

test('it refuses an event that Gatehouse has not signed', async () => {
  posted.length = 0;
  const answer = await send({ type: 'approval.requested', data: {} }, 'whsec_c29tZWJvZHkgZWxzZSBoYXMgc2lnbmVkIHRoaXM=');
  expect([answer.status, posted]).toEqual([401, []]);
});
