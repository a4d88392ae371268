import { parseArgs } from 'node:util';

/**
 * `npm run bench`: the server as it is against less of it, and the gateway against other gateways.
 * `… -- --gateway [--long]`: the gateway only, with more clients, large results, large arguments and more endpoints.
 * `… -- --rows PATTERN`: of the calls through the gateway, the rows whose titles match, such as '8 clients, 1 MB'.
 * `… -- --transports`: calls over each transport and of OpenAPI tools, at a fixed rate, and the memory of sessions.
 * `… -- --lists`: the first page of a long list of tools, and a search for tools.
 * `… -- --held`: a thousand calls that wait for a person at once: how soon decisions reach them, and their memory.
 * `… -- --console`: the scripts of the console, when its first page can be used, and the longest task of each page.
 * `… -- --scale [--engine postgres]`: a large database against a small one.
 * `… -- --neighbour [--minutes N]`: what one organization notices while another does its worst; with minutes, whether
 * anything stays of it.
 * `… -- --without PATTERN`: what each trick for speed or memory brings: of those whose titles match, '.' for all.
 * `… -- --parts PATTERN`: what parts of a small call take of its processor time: those whose titles match, '.' for all.
 * `… -- --against DIR`: what a call costs beside another checkout of the project.
 * Every row says what was measured, its bar, and whether it is met; nothing fails on a noisy machine.
 */
const { values } = parseArgs({
  options: {
    gateway: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    rows: { type: 'string' },
    transports: { type: 'boolean', default: false },
    lists: { type: 'boolean', default: false },
    held: { type: 'boolean', default: false },
    console: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    engine: { type: 'string', default: 'sqlite' },
    neighbour: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    against: { type: 'string' },
    without: { type: 'string' },
    parts: { type: 'string' },
  },
});
const {
  gateway,
  long,
  rows,
  transports,
  lists,
  held,
  console,
  scale,
  engine,
  neighbour,
  minutes,
  against,
  without,
  parts,
} = values;

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
} else if (without !== undefined) {
  const { benchWithout } = await import('./without/without.ts');
  await benchWithout(new RegExp(without));
} else if (parts !== undefined) {
  const { benchParts } = await import('./without/without.ts');
  await benchParts(new RegExp(parts));
} else if (neighbour) {
  const { benchNeighbour } = await import('./neighbour/neighbour.ts');
  await benchNeighbour(minutes === undefined ? null : Number(minutes));
} else if (scale) {
  const { benchScale } = await import('./scale/scale.ts');
  await benchScale(engine);
} else if (transports) {
  const { benchTransports } = await import('./gateway/transports.ts');
  await benchTransports();
} else if (lists) {
  const { benchLists } = await import('./gateway/lists.ts');
  await benchLists();
} else if (held) {
  const { benchHeld } = await import('./gateway/held.ts');
  await benchHeld();
} else if (console) {
  const { benchConsole } = await import('./console.ts');
  await benchConsole();
} else if (rows !== undefined) {
  const { benchRows } = await import('./gateway/gateway.ts');
  await benchRows(new RegExp(rows));
} else {
  if (!gateway) {
    const { benchServer } = await import('./server.ts');
    await benchServer();
  }
  const { benchGateway } = await import('./gateway/gateway.ts');
  await benchGateway({ matrix: gateway, long });
  const { benchReload } = await import('./gateway/reload.ts');
  await benchReload();
  const { benchLists } = await import('./gateway/lists.ts');
  await benchLists();
}
