import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import {
  createdAccount,
  createdEndpoint,
  createEndpoint,
  type EndpointPath,
  lasting,
  nobody,
  read,
  refused,
  refusedWhenStale,
  under,
} from './support.ts';

/** The keys of an endpoint, in their order; the token and the URL come after them, once. */
const KEYS = ['id', 'name', 'integrated_account_id', 'config', 'expires_at', 'created_by', 'created_at', 'updated_at'];

const DISTANT = '2099-12-31T23:59:59.000Z';

/** createEndpoint and getEndpoint. */
const createChecks = checks('accounts', {
  'createEndpoint: a name is enough, the rest is empty, and it is read so at Location': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('endpoint') });
    const answer = await createEndpoint(holder, account, { name: name('endpoint') });
    const { token: _, url: __, ...endpoint } = answer.json;
    const { id, created_by: ___, created_at, updated_at, ...rest } = endpoint;
    same(answer, 'the fields, in any order,', rest, {
      name: name('endpoint'),
      integrated_account_id: account.id,
      config: {},
      expires_at: null,
    });
    same(answer, 'updated_at', updated_at, created_at);
    same(answer, 'Location', answer.location, holder.pathOf('getEndpoint', { ...under(account), id }));
    const again = await holder.call(200, 'getEndpoint', { path: { ...under(account), id } });
    same(again, 'what was created, without token and url:', again.json, endpoint);
    same(again, 'the ETag', again.headers.get('ETag'), answer.headers.get('ETag'));
  },

  'createEndpoint: the keys are in their order, token and url last': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('keys') });
    const answer = await createEndpoint(holder, account, { expires_at: null, config: {}, name: name('keys') });
    const { id } = answer.json;
    same(answer, 'the keys', Object.keys(answer.json), [...KEYS, 'token', 'url']);
    const again = await holder.call(200, 'getEndpoint', { path: { ...under(account), id } });
    same(again, 'the keys', Object.keys(again.json), KEYS);
    const patched = await holder.call(200, 'updateEndpoint', {
      path: { ...under(account), id },
      body: { name: name('new') },
    });
    same(patched, 'the keys', Object.keys(patched.json), KEYS);
    const list = await holder.call(200, 'listEndpoints', { path: under(account) });
    const keys = list.json.result.map((endpoint) => Object.keys(endpoint));
    same(list, 'the keys', keys, [KEYS]);
  },

  'createEndpoint: each has a token of its own, at the end of its url, shown this once': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('token') });
    const tokens: string[] = [];
    for (const what of ['a', 'b', 'a']) {
      const answer = await createEndpoint(holder, account, { name: name(what) });
      const { id, token, url } = answer.json;
      holds(answer, /^[0-9a-f]{32}$/.test(token), 'a token of 32 hexadecimal digits', token.length);
      holds(answer, url.endsWith(`/mcp/${token}`), 'a url that ends in /mcp/<token>', url);
      holds(answer, !tokens.includes(token), 'a new token', 'one that was made before');
      tokens.push(token);
      const path = { ...under(account), id };
      for (const later of [
        await holder.call(200, 'getEndpoint', { path }),
        await holder.call(200, 'updateEndpoint', { path, body: { name: name('new') } }),
        await holder.call(200, 'listEndpoints', { path: under(account) }),
      ]) {
        holds(later, !later.text.includes(token), 'an answer without the token', 'the token');
      }
    }
  },

  'createEndpoint: expires_at is kept as an instant, and must lie at least 60 s ahead': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('expiry') });
    const first = await createEndpoint(holder, account, { name: name('expiry'), expires_at: DISTANT });
    const { id, created_at, expires_at } = first.json;
    same(first, 'expires_at', expires_at, DISTANT);
    const second = await createEndpoint(holder, account, {
      name: name('offset'),
      expires_at: '2099-12-31T23:59:59+02:00',
    });
    same(second, 'expires_at', second.json.expires_at, '2099-12-31T21:59:59.000Z');
    // By the server's own clock, which has moved on since.
    const soon = new Date(Date.parse(created_at) + 59_000).toISOString();
    for (const wrong of ['2001-01-01T00:00:00Z', created_at, soon, 'tomorrow', '2099-12-31', '', 4_102_444_799]) {
      const body = { name: name('soon'), expires_at: wrong };
      await refused(holder, 'createEndpoint', { path: under(account), body }, 'expires_at');
      await refused(holder, 'updateEndpoint', { path: { ...under(account), id }, body }, 'expires_at');
    }
    const list = await holder.call(200, 'listEndpoints', { path: under(account) });
    const ends = list.json.result.map((endpoint) => endpoint.expires_at);
    same(list, 'the ends, newest first', ends, ['2099-12-31T21:59:59.000Z', DISTANT]);
  },

  'createEndpoint: what is wrong, missing, unknown or read-only is refused by name': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('wrong') });
    const wrong: Record<string, readonly unknown[]> = {
      name: ['', 'n'.repeat(201), null, 1],
      config: [null, [], 'list'],
      methods: [['list']],
      tags: [['crm']],
      expiresAt: [DISTANT],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        const body = { name: name('wrong'), [key]: value };
        await refused(holder, 'createEndpoint', { path: under(account), body }, key);
      }
    }
    await refused(holder, 'createEndpoint', { path: under(account), body: {} }, 'name');
    for (const key of ['id', 'integrated_account_id', 'created_by', 'created_at', 'updated_at', 'token', 'url']) {
      const body = { name: name('wrong'), [key]: 'x' };
      await refused(holder, 'createEndpoint', { path: under(account), body }, key, 'read-only');
    }
    const list = await holder.call(200, 'listEndpoints', { path: under(account) });
    same(list, 'no endpoints', list.json.result, []);
    const longest = '🗝'.repeat(200);
    const answer = await createEndpoint(holder, account, { name: longest });
    same(answer, 'the name', answer.json.name, longest);
  },
});

/** updateEndpoint and deleteEndpoint. */
const updateChecks = checks('accounts', {
  'updateEndpoint: a field that is sent alone changes, and no other does': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('update') });
    const fields = { name: name('update'), config: { methods: ['read'] }, expires_at: DISTANT };
    const path = await createdEndpoint(holder, account, fields);
    const neighbour = await createdEndpoint(holder, account, fields);
    const untouched = await read(holder, 'endpoint', neighbour);
    const changes = [
      { name: name('renamed') },
      { expires_at: null },
      { expires_at: '2098-01-01T00:00:00.000Z' },
      { config: { methods: ['list'] } },
      {},
    ];
    for (const body of changes) {
      const before = await lasting(holder, 'endpoint', path);
      const answer = await holder.call(200, 'updateEndpoint', { path, body });
      same(answer, 'the endpoint as it is then read:', answer.json, await read(holder, 'endpoint', path));
      const { updated_at: _, ...after } = answer.json;
      same(answer, 'the endpoint', after, { ...before, ...body });
    }
    const answer = await holder.call(200, 'getEndpoint', { path: neighbour });
    same(answer, 'another endpoint as it was:', answer.json, untouched);
  },

  'updateEndpoint, deleteEndpoint: a stale If-Match is a 412, and nothing is changed': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('if-match') });
    const path = await createdEndpoint(holder, account, { name: name('older') });
    const bodies = { newer: { name: name('newer') }, stale: { name: name('stale') } };
    const after = await refusedWhenStale(holder, 'endpoint', path, bodies);
    const fresh = { 'If-Match': `"999999999", ${after.headers.get('ETag')}` };
    await holder.call(200, 'updateEndpoint', { path, body: { name: name('fresh') }, header: fresh });
    await holder.call(200, 'deleteEndpoint', { path, header: { 'If-Match': '*' } });
  },

  'updateEndpoint: what is wrong, unknown or read-only is refused by name, and nothing is changed': async ({
    holder,
    name,
  }) => {
    const account = await createdAccount(holder, { name: name('refused') });
    const path = await createdEndpoint(holder, account, { name: name('refused') });
    const before = await read(holder, 'endpoint', path);
    const wrong = { name: null, config: null, expires_at: 'tomorrow', methods: ['list'], token: 'x', url: 'x' };
    for (const [key, value] of Object.entries(wrong)) {
      const alongside = key === 'config' ? { name: name('sneaked') } : { config: { methods: ['read'] } };
      await refused(holder, 'updateEndpoint', { path, body: { ...alongside, [key]: value } }, key);
    }
    const { name: _, config: __, expires_at: ___, ...readOnly } = before;
    for (const [key, value] of Object.entries(readOnly)) {
      await refused(
        holder,
        'updateEndpoint',
        { path, body: { name: name('sneaked'), [key]: value } },
        key,
        'read-only',
      );
    }
    const after = await holder.call(200, 'getEndpoint', { path });
    same(after, 'the endpoint as it was:', after.json, before);
  },

  'deleteEndpoint: what is gone is gone, and an endpoint is found below its own account alone': async ({
    holder,
    name,
  }) => {
    const account = await createdAccount(holder, { name: name('deleted') });
    const elsewhere = await createdAccount(holder, { name: name('elsewhere') });
    const path = await createdEndpoint(holder, account, { name: name('deleted') });
    const kept = await createdEndpoint(holder, account, { name: name('kept') });
    const { id } = path;
    const everyOperation = async (at: EndpointPath) => {
      await holder.call(404, 'getEndpoint', { path: at });
      await holder.call(404, 'updateEndpoint', { path: at, body: { name: name('gone') } });
      await holder.call(404, 'deleteEndpoint', { path: at });
    };
    await everyOperation({ ...under(elsewhere), id });
    await everyOperation({ ...under({ id: nobody() }), id });
    const answer = await holder.call(200, 'deleteEndpoint', { path });
    same(answer, 'the answer', answer.json, { id });
    await everyOperation(path);
    await everyOperation({ ...under(account), id: nobody() });
    const list = await holder.call(200, 'listEndpoints', { path: under(account) });
    const left = list.json.result.map((endpoint) => endpoint.id);
    same(list, 'the endpoints that are left:', left, [kept.id]);
  },
});

export const endpointChecks = [...createChecks, ...updateChecks];
