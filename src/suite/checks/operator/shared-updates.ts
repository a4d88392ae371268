import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import {
  absent,
  create,
  created,
  DEFAULTS,
  dataOf,
  disabled,
  impossible,
  NOBODY,
  nowhere,
  read,
  reloadOf,
  tick,
} from './shared-support.ts';
import { INVALID, refused } from './support.ts';

const TAKEN = [409, 'conflict'] as const;

/** updateSharedServer, as far as it stores. */
const changeChecks = checks('operator', {
  'updateSharedServer: a field that is sent alone changes, and no other does': async ({ operator, name }) => {
    const path = await created(operator, disabled(name('update'), { headers: { 'X-Team': 'a' } }));
    const neighbour = await created(operator, disabled(name('update-neighbour')));
    const untouched = await read(operator, neighbour);
    const mcpServer = { ...DEFAULTS, name: name('update-other'), url: NOBODY, timeoutSeconds: 5 };
    for (const body of [{ name: name('renamed') }, { mcpServer }, { enabled: true }, { enabled: false }]) {
      const first = await operator.call(200, 'getSharedServer', { path });
      const { updatedAt, ...before } = first.json;
      await tick();
      const answer = await operator.call(200, 'updateSharedServer', { path, body });
      const { updatedAt: later, ...after } = dataOf(answer);
      same(answer, 'the server', after, { ...before, ...body });
      holds(answer, Date.parse(later) > Date.parse(updatedAt), `updatedAt after ${updatedAt}`, later);
      const [old, etag] = [first.headers.get('ETag'), answer.headers.get('ETag')];
      holds(answer, etag !== old, 'another ETag', etag);
      const again = await operator.call(200, 'getSharedServer', { path });
      same(again, 'the server as it was answered:', again.json, dataOf(answer));
      same(again, 'the ETag', again.headers.get('ETag'), etag);
    }
    const answer = await operator.call(200, 'getSharedServer', { path: neighbour });
    same(answer, 'another server as it was:', answer.json, untouched);
  },

  'updateSharedServer: what is null stays as it is, as what is left out does': async ({ operator, name }) => {
    const path = await created(operator, absent(name('null'), { args: ['kept'] }));
    const mcpServer = { ...DEFAULTS, name: name('null'), url: NOBODY, args: ['other'] };
    const nothing = { name: null, enabled: null, mcpServer: null };
    for (const body of [{ name: name('null-renamed') }, { mcpServer }, { enabled: false }]) {
      const { updatedAt: _, ...before } = await read(operator, path);
      const answer = await operator.call(200, 'updateSharedServer', { path, body: { ...nothing, ...body } });
      const { updatedAt: __, ...after } = dataOf(answer);
      same(answer, 'the server', after, { ...before, ...body });
    }
  },

  'updateSharedServer: with nothing to change it says so, and nothing is touched': async ({ operator, name }) => {
    const path = await created(operator, absent(name('same'), { headers: { 'X-Team': 'a' } }));
    const before = await operator.call(200, 'getSharedServer', { path });
    const { name: current, enabled, mcpServer } = before.json;
    const short = { name: mcpServer.name, url: mcpServer.url, headers: mcpServer.headers };
    const nothing = [
      {},
      { name: null, enabled: null, mcpServer: null },
      { name: current },
      { enabled },
      { mcpServer },
      { name: current, enabled, mcpServer: short },
    ];
    for (const body of nothing) {
      await tick();
      const answer = await operator.call(200, 'updateSharedServer', { path, body });
      same(answer, 'the server as it was:', dataOf(answer), before.json);
      same(answer, 'the ETag', answer.headers.get('ETag'), before.headers.get('ETag'));
      same(answer, 'reload', reloadOf(answer), { status: 'reloaded', message: 'No changes.', error: null });
    }
    const after = await operator.call(200, 'getSharedServer', { path });
    same(after, 'the server as it was:', after.json, before.json);
    same(after, 'the ETag', after.headers.get('ETag'), before.headers.get('ETag'));
  },

  'updateSharedServer: mcpServer is replaced whole': async ({ operator, deployment, name }) => {
    const whole = { headers: { 'X-A': 'a' }, env: { A: 'a' }, args: ['a'], command: 'npx', timeoutSeconds: 5 };
    const path = await created(operator, disabled(name('whole'), whole));
    const replacements = [
      { name: name('whole'), url: NOBODY, headers: { 'X-B': 'b' }, env: { B: 'b' } },
      { name: name('whole'), url: NOBODY },
      { name: name('whole-process'), transport: 'stdio', command: 'npx' },
    ] as const;
    for (const mcpServer of replacements) {
      if ('transport' in mcpServer) {
        await deployment.requireProcesses();
      }
      const answer = await operator.call(200, 'updateSharedServer', { path, body: { mcpServer } });
      same(answer, 'mcpServer', dataOf(answer).mcpServer, { ...DEFAULTS, ...mcpServer });
      const again = await operator.call(200, 'getSharedServer', { path });
      same(again, 'the server as it was answered:', again.json, dataOf(answer));
    }
  },
});

/** What else decides whether a server is saved, and in which order. */
const orderChecks = checks('operator', {
  'createSharedServer, updateSharedServer: an mcpServer.name that an enabled server has is a 409': async ({
    operator,
    name,
  }) => {
    const taken = { name: name('taken'), url: NOBODY };
    const holder = await created(operator, { name: name('holder'), mcpServer: taken });
    await refused(operator, TAKEN, 'createSharedServer', { body: { name: name('second'), mcpServer: taken } });
    const second = await created(operator, { name: name('second'), enabled: false, mcpServer: taken });
    const third = await created(operator, absent(name('third')));
    const before = [await read(operator, second), await read(operator, third)];
    await refused(operator, TAKEN, 'updateSharedServer', { path: second, body: { enabled: true } });
    await refused(operator, TAKEN, 'updateSharedServer', { path: third, body: { mcpServer: taken } });
    for (const [index, path] of [second, third].entries()) {
      const answer = await operator.call(200, 'getSharedServer', { path });
      same(answer, 'the server as it was:', answer.json, before[index]);
    }
    await operator.call(200, 'updateSharedServer', { path: second, body: { name: name('still-disabled') } });
    await operator.call(200, 'updateSharedServer', { path: holder, body: { name: name('itself') } });
    await operator.call(200, 'updateSharedServer', { path: holder, body: { enabled: false } });
    await operator.call(200, 'updateSharedServer', { path: second, body: { enabled: true } });
    await refused(operator, TAKEN, 'updateSharedServer', { path: holder, body: { enabled: true } });
  },

  'createSharedServer: of two that come at once with one mcpServer.name, one is a 409': async ({ operator, name }) => {
    const make = () => operator.call([201, 409], 'createSharedServer', { body: absent(name('race')) });
    const [one, two] = await Promise.all([make(), make()]);
    const statuses = [one.status, two.status];
    same(two, 'the statuses', statuses.toSorted(), [201, 409]);
  },

  'updateSharedServer, deleteSharedServer: of changes that come at once, one deletes, and none fails': async ({
    operator,
    name,
  }) => {
    const path = await created(operator, absent(name('at-once')));
    const change = (what: string) => {
      const body = { name: name(what), mcpServer: { name: name('at-once'), url: `${NOBODY}/${what}` } };
      return operator.call([200, 404, 409], 'updateSharedServer', { path, body });
    };
    const remove = () => operator.call([200, 404], 'deleteSharedServer', { path });
    const [, one, , two] = await Promise.all([change('at-once-a'), remove(), change('at-once-b'), remove()]);
    const statuses = [one.status, two.status];
    same(two, 'the statuses', statuses.toSorted(), [200, 404]);
    await operator.call(404, 'getSharedServer', { path });
  },

  'createSharedServer, updateSharedServer: the body comes before the server, that before its name, that before a reload':
    async ({ operator, deployment, name }) => {
      const holder = await created(operator, absent(name('order')));
      const path = await created(operator, disabled(name('order-other')));
      const mcpServer = { name: name('order') };
      for (const body of [{ nickname: 'x' }, { name: '' }, { mcpServer }]) {
        await refused(operator, INVALID, 'updateSharedServer', { path: nowhere(), body });
      }
      await refused(operator, INVALID, 'createSharedServer', { body: { name: name('order'), mcpServer } });
      await refused(operator, INVALID, 'updateSharedServer', { path, body: { mcpServer, enabled: true } });
      await deployment.requireProcesses();
      const unusable = impossible(name('order'));
      await refused(operator, TAKEN, 'createSharedServer', { body: { name: name('order'), mcpServer: unusable } });
      await refused(operator, TAKEN, 'updateSharedServer', { path, body: { mcpServer: unusable, enabled: true } });
      await operator.call(200, 'deleteSharedServer', { path: holder });
      const answer = await create(operator, absent(name('order')));
      same(answer, 'the slug', dataOf(answer).slug, name('order'));
    },
});

/** Changes of shared servers. */
export const sharedUpdateChecks = [...changeChecks, ...orderChecks];
