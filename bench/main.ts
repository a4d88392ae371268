import { parseArgs } from 'node:util';

/**
 * `npm run bench`: the server as it is against less of it. `npm run bench -- --scale [--engine postgres]`: a large
 * database against a small one. Every row says what was measured, its bar, and whether it is met; nothing fails on a
 * noisy machine.
 */
const { values } = parseArgs({
  options: { scale: { type: 'boolean', default: false }, engine: { type: 'string', default: 'sqlite' } },
});
const { scale, engine } = values;

if (engine !== 'sqlite' && engine !== 'postgres') {
  throw new Error(`--engine ${engine}: sqlite and postgres are the engines there are`);
}
if (scale) {
  const { benchScale } = await import('./scale/scale.ts');
  await benchScale(engine);
} else {
  const { benchServer } = await import('./server.ts');
  await benchServer();
}
