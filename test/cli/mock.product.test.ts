import { expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { freePort } from '../support/mock.ts';
import { startProgram } from '../support/process.ts';

test('serves the examples of the document until it is interrupted', async () => {
  const port = await freePort();
  const { NODE_COMPILE_CACHE = '' } = process.env;
  const program = startProgram({ NODE_COMPILE_CACHE }, ['src/cli/main.ts', 'mock', '--port', String(port)]);
  await expect.poll(program.output, { timeout: 30_000 }).toContain('Prism is listening');
  const url = `http://127.0.0.1:${port}/api/mcp-servers`;
  const answer = await askOnce(url, 'get', '', { headers: { 'X-API-KEY': 'any', 'X-API-SECRET': 'any' } });
  expect(answer.status).toBe(200);
  expect(answer.body).toHaveProperty('data');
  program.child.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  await expect(askOnce(url, 'get', '')).rejects.toThrow('ECONNREFUSED');
});
