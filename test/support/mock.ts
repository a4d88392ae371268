import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { operationsOf } from '../../src/contract/document.ts';
import type { MockOptions } from '../../src/mock/app.ts';
import { type RunningMock, startMock as start } from '../../src/mock/mock.ts';
import { ROOT } from './process.ts';
import { document } from './server.ts';

/** A port that nothing listened on a moment ago, for programs that take no 0. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The mock of `npm run mock`, on a free port. */
export const startMock = (options: Partial<MockOptions> = {}): Promise<RunningMock> =>
  start({
    document,
    operations: operationsOf(document),
    host: '127.0.0.1',
    port: 0,
    isDynamic: false,
    latencyMs: 0,
    faults: [],
    random: Math.random,
    ...options,
  });

/** Prism itself, without ours around it, on a free port. */
export async function startPrism(
  document = 'generated/openapi.json',
): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort();
  const prism = join(ROOT, 'node_modules/.bin/prism');
  const child = spawn(prism, ['mock', document, '--port', String(port), '--verboseLevel', 'info'], { cwd: ROOT });
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      printed += data;
      if (printed.includes('Prism is listening')) {
        resolve();
      }
    });
    child.once('exit', () => reject(new Error(`Prism ended:\n${printed}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
