import { randomUUID } from 'node:crypto';
import type { components } from '../../../../generated/api.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { created, dataOf, lasting, nowhere, read, refused, tick } from './support.ts';

type Changes = components['schemas']['McpServerPatch'];

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
    const changes: readonly Changes[] = [
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
      { required_approvals: 2 },
      { required_approvals: 1 },
      {},
    ];
    for (const body of changes) {
      const before = await read(team, path);
      const answer = await team.call(200, 'updateMcpServer', { path, body });
      const after = { ...lasting(before), ...body };
      const again = await team.call(200, 'getMcpServer', { path });
      same(again, 'the server', lasting(dataOf(again)), after);
      const { tags, timeout_seconds, required_approvals, health, created_at, ...shown } = dataOf(again);
      same(answer, 'the server as it is then read:', dataOf(answer), shown);
    }
    same(
      await team.call(200, 'getMcpServer', { path: neighbour }),
      'another server',
      await read(team, neighbour),
      untouched,
    );
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
    } as const;
    const answer = await team.call(200, 'updateMcpServer', { path, body });
    same(answer, 'the keys of data', Object.keys(dataOf(answer)), NINE);
    const { id: _, organization_id: __, updated_at: ___, ...fields } = dataOf(answer);
    same(answer, 'the fields', fields, body);
  },

  'updateMcpServer: updated_at and the ETag move, created_at stays': async ({ team, name }) => {
    const path = await created(team, start(name));
    const before = await team.call(200, 'getMcpServer', { path });
    await tick();
    const answer = await team.call(200, 'updateMcpServer', { path, body: { name: name('moved') } });
    const after = await team.call(200, 'getMcpServer', { path });
    const [{ created_at, updated_at }, updated] = [dataOf(before), dataOf(after)];
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
    const stale = { 'If-Match': (await team.call(200, 'getMcpServer', { path })).headers.get('ETag') ?? '' };
    // It is stale from here on.
    await team.call(200, 'updateMcpServer', { path, body: { description: 'Newer' }, header: stale });
    const before = await read(team, path);
    await team.call(412, 'updateMcpServer', { path, body: { name: name('stale') }, header: stale });
    const body = { approval_policy: 'auto_approve_all' } as const;
    await team.call(412, 'updateApprovalPolicy', { path, body, header: stale });
    await team.call(412, 'deleteMcpServer', { path, header: stale });
    const after = await team.call(200, 'getMcpServer', { path });
    same(after, 'the server as it was:', dataOf(after), before);
    const fresh = { 'If-Match': `"999999999", ${after.headers.get('ETag')}` };
    await team.call(200, 'updateMcpServer', { path, body: { name: name('fresh') }, header: fresh });
    await team.call(200, 'updateApprovalPolicy', { path, body, header: { 'If-Match': '*' } });
    await team.call(200, 'deleteMcpServer', { path, header: { 'If-Match': '*' } });
  },

  'updateMcpServer: the URL must fit the transport that the server then has': async ({ team, name }) => {
    const path = await created(team, start(name));
    await refused(team, 'updateMcpServer', { path, body: { url: 'wss://files.example.com' } }, 'url');
    await team.call(200, 'updateMcpServer', { path, body: { url: 'wss://files.example.com', transport: 'WebSocket' } });
    const before = await read(team, path);
    await refused(team, 'updateMcpServer', { path, body: { transport: 'SSE', name: name('sse') } }, 'url');
    const after = await team.call(200, 'getMcpServer', { path });
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
      required_approvals: 6,
      nickname: 'x',
      config: { name: 'x' },
      id: `mcp_${randomUUID()}`,
      organization_id: before.organization_id,
      created_at: before.created_at,
      updated_at: before.updated_at,
    };
    for (const [key, value] of Object.entries(wrong)) {
      const alongside = key === 'name' ? { description: 'Sneaked in' } : { name: name('sneaked-in') };
      await refused(team, 'updateMcpServer', { path, body: { ...alongside, [key]: value } }, key);
    }
    const after = await team.call(200, 'getMcpServer', { path });
    same(after, 'the server as it was:', dataOf(after), before);
  },

  'deleteMcpServer: what is gone is gone, for every operation': async ({ team, name }) => {
    const path = await created(team, start(name));
    const { id, organization_id } = await read(team, path);
    const approval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
    await team.call(201, 'addToolApproval', { path, body: approval });
    const answer = await team.call(200, 'deleteMcpServer', { path });
    same(answer, 'data', dataOf(answer), { id, organization_id, deleted: true });
    for (const gone of [path, nowhere()]) {
      await team.call(404, 'getMcpServer', { path: gone });
      await team.call(404, 'updateMcpServer', { path: gone, body: { name: name('gone') } });
      await team.call(404, 'deleteMcpServer', { path: gone });
      await team.call(404, 'updateApprovalPolicy', { path: gone, body: { approval_policy: 'auto_approve_all' } });
      await team.call(404, 'listMcpServerTools', { path: gone });
      await team.call(404, 'listToolApprovals', { path: gone });
      await team.call(404, 'addToolApproval', { path: gone, body: approval });
      await team.call(404, 'removeToolApproval', { path: { ...gone, toolName: 'file_read' } });
    }
    const list = await team.call(200, 'listMcpServers', { query: { search: name('update'), limit: 100 } });
    const ids = dataOf(list).servers.map((server) => server.id);
    holds(list, !ids.includes(id), 'a list without the server', ids);
  },
});
