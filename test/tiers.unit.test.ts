import { execFileSync, execSync, fork, spawn, spawnSync } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';

test.each(
  Object.entries({
    'start a process': () => spawn('true'),
    'fork a process': () => fork('true'),
    'start a process with spawnSync': () => spawnSync('true'),
    'start a process with execSync': () => execSync('true'),
    'start a process with execFileSync': () => execFileSync('true'),
    listen: () => createServer().listen(0),
    'listen over HTTP': () => createHttpServer().listen(0),
    connect: () => connect(1),
    'prepare a statement of a database': () => new DatabaseSync(':memory:').prepare('select 1'),
    'execute a statement of a database': () => new DatabaseSync(':memory:').exec('select 1'),
  }),
)('a unit test cannot %s', (_, attempt) => {
  expect(attempt).toThrow('A unit test must not');
});
