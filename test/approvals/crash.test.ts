import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test, vi } from 'vitest';
import { createDatabase } from '../store/support/postgres.ts';
import { askOnce } from '../support/ask-once.ts';
import { credentialHeaders } from '../support/client.ts';
import { startProgram } from '../support/process.ts';
import { API_KEY, API_SECRET } from '../support/server.ts';
import { startReceiver } from './support/receiver.ts';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-webhooks-'));
afterAll(() => rmSync(directory, { recursive: true }));
const headers = credentialHeaders('team');

describe.each(['sqlite', 'postgres'])('on %s', (engine) => {
  test('a program that is killed has lost no event that waits', { timeout: 90_000 }, async () => {
    const receiver = await startReceiver();
    const env: Record<string, string> = {
      GATEHOUSE_DATA: directory,
      GATEHOUSE_SECRET_KEY: Buffer.alloc(32, 'k').toString('base64'),
      GATEHOUSE_EGRESS_ALLOW: '127.0.0.1',
      GATEHOUSE_API_KEY: API_KEY,
      GATEHOUSE_API_SECRET: API_SECRET,
      ...(engine === 'postgres' && { DATABASE_URL: await createDatabase(inject('postgresUrl') ?? '') }),
    };
    const killed = startProgram(env);
    const url = await killed.ready;
    const body = { url: receiver.url, events: ['approval.requested'] };
    type Created = { data: { id: string } };
    const created = await askOnce(url, 'post', '/api/webhooks', { headers, body });
    const path = `/api/webhooks/${(created.body as Created).data.id}`;
    // One event is tried and waits for the next try, others are only queued.
    receiver.answer = (response) => response.writeHead(500).end();
    const queue = async (at: string) => {
      const { body: queued } = await askOnce(at, 'post', `${path}/test`, { headers });
      return (queued as { data: { event_id: string } }).data.event_id;
    };
    const tried = await queue(url);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 20_000 });
    await vi.waitFor(async () => {
      const { text } = await askOnce(url, 'get', path, { headers });
      expect(text).toContain('"status":"waiting"');
    });
    const queued = await Promise.all(Array.from({ length: 5 }, () => queue(url)));
    killed.child.kill('SIGKILL');
    await killed.exited;
    const { length: before } = receiver.received;
    receiver.answer = (response) => response.writeHead(204).end();
    const program = startProgram(env);
    await program.ready;
    const arrived = () => new Set(receiver.received.slice(before).map((one) => one.headers['webhook-id']));
    await vi.waitFor(() => expect([...arrived()]).toEqual(expect.arrayContaining([tried, ...queued])), {
      // On PostgreSQL, the claims of a process that was killed end after 45 seconds.
      timeout: 70_000,
      interval: 100,
    });
    program.child.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    await receiver.stop();
  });
});
