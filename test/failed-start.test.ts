import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { builtDocs } from '../src/docs/built.ts';
import { type ServerOptions, startServer } from '../src/server.ts';
import { askOnce } from './support/ask-once.ts';
import { compiledOnce } from './support/process.ts';
import { document, OPERATOR_TOKEN } from './support/server.ts';
import { stdio } from './support/shared-servers.ts';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-failed-start-'));
afterAll(() => rmSync(directory, { recursive: true }));

const start = (data: string, env: Readonly<Record<string, string>>, more: Partial<ServerOptions> = {}) =>
  startServer({
    config: parseConfig({
      GATEHOUSE_PORT: '0',
      GATEHOUSE_DATA: join(directory, data),
      GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN,
      GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64'),
      ...env,
    }),
    document,
    docs: builtDocs,
    log: pino({ level: 'silent' }),
    violations: 'throw',
    ...more,
  });

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a start that fails leaves nothing open', () => {
  test('the local process of a shared server, the port and the database', async () => {
    const pidFile = join(directory, 'pid');
    const secrets = { GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64') };
    const tellsItsId = join(directory, 'tells-its-id.cjs');
    writeFileSync(tellsItsId, `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));`);
    const mcpServer = stdio('left-behind', {
      args: ['--require', tellsItsId, ...compiledOnce('test/support/small-stdio-server.ts')],
    });
    const failing = start('prepared', secrets, {
      prepare: async (app) => {
        const headers = { Authorization: `Bearer ${OPERATOR_TOKEN}` };
        const question = { headers, body: { name: 'Left behind', mcpServer } };
        const { body } = await askOnce(app, 'post', '/admin/api/v1/mcp-servers', question);
        expect(body.reload.error).toBeNull();
        throw new Error('the start fails late');
      },
    });
    await expect(failing).rejects.toThrow('the start fails late');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(isRunning(pid)).toBe(false);
    const server = await start('prepared', secrets);
    await server.stop();
  });

  test.each<[string, Partial<ServerOptions>]>([
    ['credentials that cannot be kept', { keep: () => Promise.reject(new Error('it cannot be kept')) }],
    ['a preparation that fails at once', { prepare: () => Promise.reject(new Error('it cannot be kept')) }],
  ])('%s', async (name, more) => {
    const secrets = { GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64') };
    await expect(start(name, secrets, more)).rejects.toThrow('it cannot be kept');
    const server = await start(name, secrets);
    await server.stop();
  });

  test('a port that is taken', async () => {
    const secrets = { GATEHOUSE_SECRET_KEY: randomBytes(32).toString('base64') };
    const first = await start('first', secrets);
    const { port } = new URL(first.url);
    await expect(start('second', { ...secrets, GATEHOUSE_PORT: port })).rejects.toThrow('GATEHOUSE_PORT');
    await first.stop();
    const second = await start('second', { ...secrets, GATEHOUSE_PORT: port });
    expect(second.url).toBe(first.url);
    await second.stop();
  });
});
