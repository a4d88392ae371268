import { setPriority } from 'node:os';
import { ATTACKS } from './attacks.ts';
import { startHostileServers } from './hostile-server.ts';

/**
 * The attacking organization, in a process of its own: it runs the attack that its parent names, until the parent says
 * `stop`. It gives way to the gateway, since on one machine both want the same processors.
 */
setPriority(10);
const [, , gateway = ''] = process.argv;
const servers = await startHostileServers();
let running: { readonly controller: AbortController; readonly over: Promise<void> } | undefined;

process.on('message', async (name: string) => {
  if (name !== 'stop') {
    const controller = new AbortController();
    const over = ATTACKS[name]?.({ gateway, ...servers }, controller.signal).catch((error: unknown) => {
      process.stderr.write(`${name}: ${error}\n`);
    });
    running = { controller, over: over ?? Promise.resolve() };
    return;
  }
  running?.controller.abort();
  await running?.over;
  process.send?.('stopped');
});
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
