import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { startProgram } from '../support/process.ts';
import { run } from './support.ts';

const anyPair = { headers: { 'X-API-KEY': 'any', 'X-API-SECRET': 'any' } };
const { NODE_COMPILE_CACHE = '' } = process.env;
const startMockProgram = (...args: readonly string[]) =>
  startProgram({ NODE_COMPILE_CACHE }, ['src/cli/main.ts', 'mock', ...args]);

test('serves the examples of the document until it is interrupted, and says in five lines how to ask it', async () => {
  const program = startMockProgram('-p', '0');
  const url = await program.ready;
  expect(program.output().trimEnd().split('\n')).toHaveLength(5);
  for (const word of ['X-API-KEY', 'X-API-SECRET', 'Authorization: Bearer', 'Prefer: code=', `${url}/docs`]) {
    expect(program.output()).toContain(word);
  }
  const answer = await askOnce(url, 'get', '/api/mcp-servers', anyPair);
  expect(answer.status).toBe(200);
  expect(answer.body).toHaveProperty('data');
  program.child.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  await expect(askOnce(url, 'get', '/api/mcp-servers')).rejects.toThrow('ECONNREFUSED');
});

test('--api serves one API, beside the documents and the endpoints', async () => {
  const program = startMockProgram('--port', '0', '--host', '127.0.0.1', '--api', 'servers', '--dynamic');
  const url = await program.ready;
  const statusOf = async (path: string) => (await askOnce(url, 'get', path, anyPair)).status;
  expect(await statusOf('/api/mcp-servers')).toBe(200);
  expect(await statusOf('/openapi.json')).toBe(200);
  expect(await statusOf('/integration')).toBe(404);
  expect(await statusOf('/admin/api/v1/organizations')).toBe(404);
  program.child.kill('SIGINT');
  expect(await program.exited).toBe(0);
});

test('a port in use, and an address that this machine does not have, are one line each', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const busy = await run(['mock', '--port', String(port)]);
  expect(busy).toEqual({
    code: 1,
    stdout: '',
    stderr: `listen EADDRINUSE: address already in use 127.0.0.1:${port}: another program listens there already. Set --port to a free port.\n`,
  });
  const foreign = await run(['mock', '--port', '0', '--host', '192.0.2.1']);
  expect(foreign.code).toBe(1);
  expect(foreign.stderr).toMatch(
    /^listen EADDRNOTAVAIL: .*this machine has no such address\. Set --host to one that it has\.\n$/,
  );
  other.close();
});
