import { parseArgs } from 'node:util';

/**
 * `npm run bench`: the server as it is against less of it, and the gateway against other gateways. `npm run bench --
 * --gateway [--long]`: the gateway only, with more clients, larger results and more endpoints. `npm run bench -- --scale
 * [--engine postgres]`: a large database against a small one. `npm run bench -- --neighbour [--minutes N]`: what one
 * organization notices while another does its worst; with minutes, whether anything stays of it. `npm run bench --
 * --against DIR`: what a call costs beside another checkout of the project. Every row says what was measured, its bar, and whether it
 * is met; nothing fails on a noisy machine.
 */
const { values } = parseArgs({
  options: {
    gateway: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    engine: { type: 'string', default: 'sqlite' },
    neighbour: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    against: { type: 'string' },
  },
});
const { gateway, long, scale, engine, neighbour, minutes, against } = values;

if (engine !== 'sqlite' && engine !== 'postgres') {
  throw new Error(`--engine ${engine}: sqlite and postgres are the engines there are`);
}
if (long && !gateway) {
  throw new Error('--long: it is for --gateway');
}
if (minutes !== undefined && !(neighbour && /^[1-9]\d*$/.test(minutes))) {
  throw new Error('--minutes: a whole number, for --neighbour');
}
if (against !== undefined) {
  const { benchAgainst } = await import('./gateway/against.ts');
  await benchAgainst(against);
} else if (neighbour) {
  const { benchNeighbour } = await import('./neighbour/neighbour.ts');
  await benchNeighbour(minutes === undefined ? null : Number(minutes));
} else if (scale) {
  const { benchScale } = await import('./scale/scale.ts');
  await benchScale(engine);
} else {
  if (!gateway) {
    const { benchServer } = await import('./server.ts');
    await benchServer();
  }
  const { benchGateway } = await import('./gateway/gateway.ts');
  await benchGateway({ matrix: gateway, long });
  const { benchReload } = await import('./gateway/reload.ts');
  await benchReload();
}
