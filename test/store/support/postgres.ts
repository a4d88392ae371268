import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { loadEmbeddedPostgres } from './embedded-postgres.ts';

const USER = 'gatehouse';
const PASSWORD = 'gatehouse';

/** A real PostgreSQL server for tests, with databases that only they use. */
export type Postgres = {
  /** The connection URL of a database. */
  url(databaseName: string): string;
  /** Creates an empty database and returns its URL. */
  createDatabase(): Promise<string>;
  /** Takes the server down as a crash or an upgrade would, keeping its data. */
  halt(): Promise<void>;
  /** Brings it back after `halt`, at the same address. */
  resume(): Promise<void>;
  /** Stops all its processes where they are: connections stay open, and nothing is answered. */
  pause(): void;
  /** Lets them go on after `pause`. */
  unpause(): void;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
};

/** Starts a server on a free port, with its data below the folder for temporary files. Takes about a second. */
export async function startPostgres(): Promise<Postgres> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'gatehouse-postgres-'));
  const port = await freePort();
  const messages: unknown[] = [];
  const { Server, remove } = await loadEmbeddedPostgres();
  const server = new Server({
    databaseDir,
    port,
    user: USER,
    password: PASSWORD,
    persistent: true,
    // PostgreSQL does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    // Only this machine's power could lose what is not synced.
    postgresFlags: [
      '-c',
      'fsync=off',
      '-c',
      'full_page_writes=off',
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
    ],
    onLog: (message) => messages.push(message),
    onError: (message) => messages.push(message),
  });
  const start = async (): Promise<void> => {
    await server.start().catch((cause: unknown) => {
      throw new Error(`PostgreSQL did not start: ${messages.join('')}`, { cause });
    });
  };
  await server.initialise();
  await start();

  const url = (name: string): string => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${name}`;
  return {
    url,
    createDatabase: () => createDatabase(url('postgres')),
    halt: () => server.stop(),
    pause: () => signal(databaseDir, 'SIGSTOP'),
    unpause: () => signal(databaseDir, 'SIGCONT'),
    resume: start,
    async stop() {
      await server.stop();
      await rm(databaseDir, { recursive: true, force: true });
      await remove();
    },
  };
}

/** Sends a signal to the processes of the server with these data, the one that starts others first. */
function signal(databaseDir: string, name: 'SIGSTOP' | 'SIGCONT'): void {
  const [first = ''] = readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(first), name);
  for (const pid of readFileSync(`/proc/${first}/task/${first}/children`, 'utf8').split(' ').filter(Boolean)) {
    try {
      process.kill(Number(pid), name);
    } catch (error) {
      // A process of a connection may have ended since it was listed.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error;
      }
    }
  }
}

/** Creates a database on the server that a URL leads to, empty or a copy of another, and returns the URL of the new one. */
export async function createDatabase(serverUrl: string, template = 'template1'): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  // To copy files takes a tenth of the CPU of writing the blocks to the log, as it does by itself.
  await client.query(`create database ${name} template ${template} strategy file_copy`);
  await client.end();
  return Object.assign(new URL(serverUrl), { pathname: name }).href;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') {
          reject(new Error('The probe has no port.'));
        } else {
          resolve(address.port);
        }
      });
    });
  });
}
