import { randomUUID } from 'node:crypto';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { created, dataOf, type Fields, lasting, nowhere, read, refused, type Server, tick } from './support.ts';

/** The nine keys of an update's answer, in their order. */
const NINE = [
  'id',
  'organization_id',
  'url',
  'name',
  'approval_policy',
  'transport',
  'description',
  'request_headers',
  'updated_at',
];

const start = (name: (what: string) => string) => ({
  name: name('update'),
  description: 'As it was',
  request_headers: { 'X-One': name('one'), 'X-Two': name('two') },
  tags: ['one', 'two'],
});

/** updateMcpServer. */
export const updateChecks = checks('servers', {
  'updateMcpServer: a field that is sent alone changes, and no other does': async ({ team, name }) => {
    const path = await created(team, start(name));
    const neighbour = await created(team, start(name));
    const untouched = await read(team, neighbour);
    const changes: readonly Fields[] = [
      { name: name('renamed') },
      { url: 'https://elsewhere.example.com/mcp' },
      { description: 'New' },
      { description: null },
      { approval_policy: 'auto_approve_all' },
      { transport: 'SSE' },
      { request_headers: { 'X-Three': name('three') } },
      { request_headers: {} },
      { tags: ['three'] },
      { tags: [] },
      { timeout_seconds: 300 },
      { timeout_seconds: null },
      {},
    ];
    for (const body of changes) {
      const before = await read(team, path);
      const answer = await team.call(200, 'PATCH', path, { body });
      const after = { ...lasting(before), ...body };
      const again = await team.call(200, 'GET', path);
      same(again, 'the server', lasting(dataOf<Server>(again)), after);
      const { tags: _, timeout_seconds: __, created_at: ___, ...shown } = dataOf<Server>(again);
      same(answer, 'the server as it is then read:', dataOf(answer), shown);
    }
    same(await team.call(200, 'GET', neighbour), 'another server', await read(team, neighbour), untouched);
  },

  'updateMcpServer: all fields change at once, and the answer has nine keys in their order': async ({ team, name }) => {
    const path = await created(team, start(name));
    const body = {
      name: name('updated'),
      url: 'https://new-server-url.example.com',
      description: 'Updated description',
      approval_policy: 'auto_approve_read_only',
      transport: 'WebSocket',
      request_headers: { Authorization: `Bearer ${name('new')}`, 'User-Agent': `MCP-Client/2.0 ${name('new')}` },
    };
    const answer = await team.call(200, 'PATCH', path, { body });
    same(answer, 'the keys of data', Object.keys(dataOf<Server>(answer)), NINE);
    const { id: _, organization_id: __, updated_at: ___, ...fields } = dataOf<Server>(answer);
    same(answer, 'the fields', fields, body);
  },

  'updateMcpServer: updated_at and the ETag move, created_at stays': async ({ team, name }) => {
    const path = await created(team, start(name));
    const before = await team.call(200, 'GET', path);
    await tick();
    const answer = await team.call(200, 'PATCH', path, { body: { name: name('moved') } });
    const after = await team.call(200, 'GET', path);
    const [{ created_at, updated_at }, updated] = [dataOf<Server>(before), dataOf<Server>(after)];
    holds(after, updated.updated_at > updated_at, `updated_at after ${updated_at}`, updated.updated_at);
    same(after, 'created_at', updated.created_at, created_at);
    same(answer, 'the ETag that is then read:', answer.headers.get('ETag'), after.headers.get('ETag'));
    holds(after, before.headers.get('ETag') !== after.headers.get('ETag'), 'a new ETag', after.headers.get('ETag'));
  },

  'updateMcpServer, updateApprovalPolicy, deleteMcpServer: a stale If-Match is a 412, and nothing is changed': async ({
    team,
    name,
  }) => {
    const path = await created(team, start(name));
    const stale = { 'If-Match': (await team.call(200, 'GET', path)).headers.get('ETag') ?? '' };
    // It is stale from here on.
    await team.call(200, 'PATCH', path, { body: { description: 'Newer' }, headers: stale });
    const before = await read(team, path);
    await team.call(412, 'PATCH', path, { body: { name: name('stale') }, headers: stale });
    const body = { approval_policy: 'auto_approve_all' };
    await team.call(412, 'PATCH', `${path}/approval-policy`, { body, headers: stale });
    await team.call(412, 'DELETE', path, { headers: stale });
    const after = await team.call(200, 'GET', path);
    same(after, 'the server as it was:', dataOf(after), before);
    const fresh = { 'If-Match': `"999999999", ${after.headers.get('ETag')}` };
    await team.call(200, 'PATCH', path, { body: { name: name('fresh') }, headers: fresh });
    await team.call(200, 'PATCH', `${path}/approval-policy`, { body, headers: { 'If-Match': '*' } });
    await team.call(200, 'DELETE', path, { headers: { 'If-Match': '*' } });
  },

  'updateMcpServer: the URL must fit the transport that the server then has': async ({ team, name }) => {
    const path = await created(team, start(name));
    await refused(team, 'PATCH', path, { body: { url: 'wss://files.example.com' } }, 'url');
    await team.call(200, 'PATCH', path, { body: { url: 'wss://files.example.com', transport: 'WebSocket' } });
    const before = await read(team, path);
    await refused(team, 'PATCH', path, { body: { transport: 'SSE', name: name('sse') } }, 'url');
    const after = await team.call(200, 'GET', path);
    same(after, 'the server as it was:', dataOf(after), before);
  },

  'updateMcpServer: what is wrong, unknown or read-only is refused by name, and nothing is changed': async ({
    team,
    name,
  }) => {
    const path = await created(team, start(name));
    const before = await read(team, path);
    const wrong = {
      name: null,
      url: null,
      description: 1,
      approval_policy: 'never',
      transport: 'websocket',
      request_headers: { Host: 'example.com' },
      tags: ['same', 'same'],
      timeout_seconds: 0,
      nickname: 'x',
      config: { name: 'x' },
      id: `mcp_${randomUUID()}`,
      organization_id: before.organization_id,
      created_at: before.created_at,
      updated_at: before.updated_at,
    };
    for (const [key, value] of Object.entries(wrong)) {
      const alongside = key === 'name' ? { description: 'Sneaked in' } : { name: name('sneaked-in') };
      await refused(team, 'PATCH', path, { body: { ...alongside, [key]: value } }, key);
    }
    const after = await team.call(200, 'GET', path);
    same(after, 'the server as it was:', dataOf(after), before);
  },

  'deleteMcpServer: what is gone is gone, for every operation': async ({ team, name }) => {
    const path = await created(team, start(name));
    const { id, organization_id } = await read(team, path);
    const approval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
    await team.call(201, 'POST', `${path}/tool-approvals`, { body: approval });
    const answer = await team.call(200, 'DELETE', path);
    same(answer, 'data', dataOf(answer), { id, organization_id, deleted: true });
    for (const gone of [path, nowhere()]) {
      await team.call(404, 'GET', gone);
      await team.call(404, 'PATCH', gone, { body: { name: name('gone') } });
      await team.call(404, 'DELETE', gone);
      await team.call(404, 'PATCH', `${gone}/approval-policy`, { body: { approval_policy: 'auto_approve_all' } });
      await team.call(404, 'GET', `${gone}/tools`);
      await team.call(404, 'GET', `${gone}/tool-approvals`);
      await team.call(404, 'POST', `${gone}/tool-approvals`, { body: approval });
      await team.call(404, 'DELETE', `${gone}/tool-approvals/file_read`);
    }
    const list = await team.call(200, 'GET', `/api/mcp-servers?search=${name('update')}&limit=100`);
    const ids = dataOf<{ servers: Server[] }>(list).servers.map((server) => server.id);
    holds(list, !ids.includes(id), 'a list without the server', ids);
  },
});
