import { DAY_MS } from '../../../base/instants.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import {
  absent,
  create,
  created,
  DEFAULTS,
  dataOf,
  disabled,
  listed,
  NOBODY,
  nowhere,
  type SharedServer,
  tick,
} from './shared-support.ts';
import { INVALID, MISSING, mistakesOf, refused } from './support.ts';

const STALE = [412, 'conflict'] as const;
/** A value for every key of a configuration but its name; the URL is for each transport. */
const EVERY_KEY = {
  command: 'npx',
  args: ['-y', '', '@example/größe'],
  headers: { Authorization: 'Bearer contract', 'x-empty': '' },
  env: { LOG_LEVEL: 'debug', _EMPTY: '' },
  cwd: '/srv/mcp',
  encoding: 'utf-8',
  encodingErrorHandler: 'replace' as const,
  timeoutSeconds: 0.5,
  sseReadTimeoutSeconds: 300,
  terminateOnClose: false,
  sessionKwargs: {},
};

/** createSharedServer, getSharedServer, listSharedServers. */
const createChecks = checks('operator', {
  'createSharedServer: a name and a URL are enough, the rest has the documented defaults': async ({
    operator,
    name,
  }) => {
    const answer = await create(operator, absent(name('defaults')));
    const { id, slug, createdAt, updatedAt, ...rest } = dataOf(answer);
    same(answer, 'the fields, in any order,', rest, {
      name: name('defaults'),
      enabled: true,
      mcpServer: { ...DEFAULTS, name: name('defaults'), url: NOBODY },
    });
    const fresh = Math.abs(Date.parse(createdAt) - Date.now()) < DAY_MS;
    holds(answer, fresh, `createdAt near ${new Date().toISOString()}`, createdAt);
    same(answer, 'updatedAt', updatedAt, createdAt);
    same(answer, 'Location', answer.location, operator.pathOf('getSharedServer', { mcp_id: id }));
    const again = await operator.call(200, 'getSharedServer', { path: { mcp_id: id } });
    same(again, 'what was created:', again.json, dataOf(answer));
    same(again, 'the ETag', again.headers.get('ETag'), answer.headers.get('ETag'));
  },

  'createSharedServer: every field is answered as it was sent, and read so, also those of other transports': async ({
    operator,
    deployment,
    name,
  }) => {
    const urls = { sse: NOBODY, streamable_http: NOBODY, websocket: 'ws://127.0.0.1:9/mcp', stdio: null };
    for (const transport of ['sse', 'streamable_http', 'websocket', 'stdio'] as const) {
      const url = urls[transport];
      if (transport === 'stdio') {
        await deployment.requireProcesses();
      }
      const fields = disabled(name(transport), { transport, ...EVERY_KEY, url });
      const answer = await create(operator, fields);
      const { id, slug: _, createdAt: __, updatedAt: ___, ...rest } = dataOf(answer);
      same(answer, 'the fields, in any order,', rest, fields);
      const again = await operator.call(200, 'getSharedServer', { path: { mcp_id: id } });
      same(again, 'what was created:', again.json, dataOf(answer));
    }
  },

  'listSharedServers: a bare array, oldest first': async ({ operator, name }) => {
    const servers: SharedServer[] = [];
    for (const letter of ['b', 'a', 'c']) {
      servers.push(dataOf(await create(operator, disabled(name(`list-${letter}`)))));
      await tick();
    }
    const names = servers.map((server) => server.name);
    const { answer, all, own } = await listed(operator, names);
    const times = all.map(({ createdAt }) => Date.parse(createdAt));
    same(
      answer,
      'createdAt, ascending,',
      times,
      times.toSorted((a, b) => a - b),
    );
    same(answer, 'the new servers', own, servers);
  },
});

/** Slugs. */
const slugChecks = checks('operator', {
  'createSharedServer: the slug is the name in lower case and ASCII, of at most 64 characters': async ({
    operator,
    name,
  }) => {
    const slugs = {
      [`${name('slug')}: Café, Two  Words!`]: `${name('slug')}-cafe-two-words`,
      [name('UPPER_1')]: name('upper-1'),
    };
    for (const [sent, slug] of Object.entries(slugs)) {
      const answer = await create(operator, disabled(sent));
      same(answer, 'the name and the slug', [dataOf(answer).name, dataOf(answer).slug], [sent, slug]);
    }
    const longest = name('').padEnd(255, 'x');
    const answer = await create(operator, disabled(longest));
    const { slug } = dataOf(answer);
    holds(answer, longest.startsWith(slug) && slug.length <= 64, 'at most 64 characters of the name', slug);
  },

  'createSharedServer: a name of which no slug can be made is refused by name': async ({ operator, name }) => {
    for (const wrong of ['日本', '“…”', ' ']) {
      const body = { ...disabled(name('no-slug')), name: wrong };
      const answer = await refused(operator, INVALID, 'createSharedServer', { body }, 'body.name');
      const codes = mistakesOf(answer, 'body.name').map(({ code }) => code);
      same(answer, 'the codes', codes, ['invalid']);
    }
  },

  'createSharedServer: the slug of a second one of the name ends in -2, also when both come at once': async ({
    operator,
    name,
  }) => {
    for (const slug of [name('twice'), `${name('twice')}-2`, `${name('twice')}-3`]) {
      const answer = await create(operator, disabled(name('twice')));
      same(answer, 'the slug', dataOf(answer).slug, slug);
    }
    const make = () => create(operator, disabled(name('at-once')));
    const [one, two] = await Promise.all([make(), make()]);
    const slugs = [dataOf(one).slug, dataOf(two).slug];
    same(two, 'the slugs', slugs.toSorted(), [name('at-once'), `${name('at-once')}-2`]);
  },

  'updateSharedServer, deleteSharedServer: the slug stays when the name changes, and is free when it is gone': async ({
    operator,
    name,
  }) => {
    const path = await created(operator, disabled(name('sticky')));
    const renamed = await operator.call(200, 'updateSharedServer', { path, body: { name: name('renamed') } });
    same(renamed, 'the slug', dataOf(renamed).slug, name('sticky'));
    const second = await create(operator, disabled(name('sticky')));
    same(second, 'the slug', dataOf(second).slug, `${name('sticky')}-2`);
    await operator.call(200, 'deleteSharedServer', { path });
    const third = await create(operator, disabled(name('sticky')));
    same(third, 'the slug', dataOf(third).slug, name('sticky'));
  },
});

/** deleteSharedServer. */
const deleteChecks = checks('operator', {
  'deleteSharedServer: what is gone is gone, and what never was is not there either': async ({
    operator,
    deployment,
    name,
  }) => {
    const fields = absent(name('deleted'));
    const path = await created(operator, fields);
    const answer = await operator.call(200, 'deleteSharedServer', { path });
    const { data, reload } = answer.json;
    same(answer, 'data', data, { id: path.mcp_id, deleted: true });
    for (const gone of [path, nowhere()]) {
      await refused(operator, MISSING, 'getSharedServer', { path: gone });
      await refused(operator, MISSING, 'updateSharedServer', { path: gone, body: { name: name('gone') } });
      await refused(operator, MISSING, 'updateSharedServer', { path: gone, body: fields });
      await refused(operator, MISSING, 'deleteSharedServer', { path: gone });
      await refused(operator, MISSING, 'checkSharedServerTools', { path: gone });
      await refused(operator, MISSING, 'getSharedServerOrganizations', { path: gone });
      await refused(operator, MISSING, 'setSharedServerOrganizations', { path: gone, body: { organizations: [] } });
    }
    const { answer: list, own } = await listed(operator, [name('deleted'), name('gone')]);
    same(list, 'the servers that are left', own, []);
    await deployment.requireLiveReload();
    same(answer, 'the status and the error of the reload', [reload.status, reload.error], ['reloaded', null]);
  },

  'updateSharedServer, deleteSharedServer: a stale If-Match is a 412, and nothing is changed': async ({
    operator,
    name,
  }) => {
    const path = await created(operator, disabled(name('if-match')));
    const { headers } = await operator.call(200, 'getSharedServer', { path });
    const stale = { 'If-Match': headers.get('ETag') ?? '' };
    const changed = await operator.call(200, 'updateSharedServer', {
      path,
      body: { name: name('newer') },
      header: stale,
    });
    await refused(operator, STALE, 'updateSharedServer', { path, body: { name: name('stale') }, header: stale });
    await refused(operator, STALE, 'deleteSharedServer', { path, header: stale });
    const after = await operator.call(200, 'getSharedServer', { path });
    same(after, 'the server as it was:', after.json, dataOf(changed));
    same(after, 'the ETag', after.headers.get('ETag'), changed.headers.get('ETag'));
    await operator.call(200, 'deleteSharedServer', { path, header: { 'If-Match': after.headers.get('ETag') ?? '' } });
  },
});

/** The storage of shared servers. */
export const sharedServerChecks = [...createChecks, ...slugChecks, ...deleteChecks];
