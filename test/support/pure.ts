import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { Server, Socket } from 'node:net';
import { DatabaseSync } from 'node:sqlite';

/** Vitest's set-up of the unit tier: a test that starts a process, listens, connects or uses a database fails. */
const refuse = (deed: string) => (): never => {
  throw new Error(`A unit test must not ${deed}. Name its file *.test.ts, or *.product.test.ts (docs/testing.md).`);
};

// Beneath spawn, fork, exec and execFile; the types leave it out.
Object.assign(childProcess.ChildProcess.prototype, { spawn: refuse('start a process') });
childProcess.spawnSync = refuse('start a process');
childProcess.execSync = refuse('start a process');
childProcess.execFileSync = refuse('start a process');
syncBuiltinESMExports();
Server.prototype.listen = refuse('listen');
Socket.prototype.connect = refuse('connect');
DatabaseSync.prototype.prepare = refuse('use a database');
DatabaseSync.prototype.exec = refuse('use a database');
