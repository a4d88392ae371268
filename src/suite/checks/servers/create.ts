import { DAY_MS } from '../../../base/instants.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { create, created, dataOf, read, refused, URL_OF_NOBODY } from './support.ts';

/** createMcpServer. */
export const createChecks = checks('servers', {
  'createMcpServer: a name and a URL are enough, the rest has the documented defaults': async ({ team, name }) => {
    const answer = await create(team, { name: name('defaults') });
    const { id: _, organization_id: __, created_at, updated_at, ...rest } = dataOf(answer);
    same(answer, 'the fields', rest, {
      url: URL_OF_NOBODY,
      name: name('defaults'),
      approval_policy: 'require_approval_all',
      transport: 'STREAMABLE_HTTP',
      description: null,
      request_headers: {},
      tags: [],
      timeout_seconds: null,
      required_approvals: 1,
      health: { state: 'unknown', since: null, last_error: null },
    });
    holds(answer, updated_at >= created_at, `updated_at, not before ${created_at}`, updated_at);
    const fresh = Math.abs(created_at - Date.now()) < DAY_MS;
    holds(answer, fresh, `created_at in milliseconds, near ${Date.now()}`, created_at);
  },

  'createMcpServer: every field is answered as it was sent, and read so': async ({ team, name }) => {
    const fields = {
      name: `${name('every-field')} “Ünïcode” 🗝`,
      url: 'https://new-server-url.example.com',
      description: 'Line one\nLine two\t"quoted" \\ é',
      approval_policy: 'auto_approve_read_only',
      transport: 'WebSocket',
      request_headers: { Authorization: `Bearer ${name('header')}`, 'User-Agent': `MCP-Client/2.0 ${name('header')}` },
      tags: ['files', 'Größe'],
      timeout_seconds: 300,
      required_approvals: 3,
    } as const;
    const answer = await create(team, { ...fields, tags: [...fields.tags] });
    const server = dataOf(answer);
    const { id: _, organization_id: __, created_at: ___, updated_at: ____, health: _____, ...rest } = server;
    same(answer, 'the fields, in any order,', rest, fields);
    const again = await team.call(200, 'getMcpServer', { path: { mcpServerId: server.id } });
    same(again, 'what was created:', dataOf(again), server);
  },

  'createMcpServer: Location leads to the server, and its ETag is the one that is read': async ({ team, name }) => {
    const answer = await create(team, { name: name('location') });
    const server = dataOf(answer);
    same(answer, 'Location', answer.location, team.pathOf('getMcpServer', { mcpServerId: server.id }));
    const again = await team.call(200, 'getMcpServer', { path: { mcpServerId: server.id } });
    same(again, 'the server at Location', dataOf(again), server);
    same(again, 'the ETag', again.headers.get('ETag'), answer.headers.get('ETag'));
  },

  'createMcpServer: every approval policy and every transport is taken': async ({ team, name }) => {
    const { id } = dataOf(await create(team, { name: name('first') }));
    for (const approval_policy of ['auto_approve_all', 'require_approval_all', 'require_approval_per_tool'] as const) {
      const answer = await create(team, { name: name('policy'), approval_policy });
      same(answer, 'approval_policy', dataOf(answer).approval_policy, approval_policy);
      holds(answer, dataOf(answer).id !== id, 'an id of its own', id);
    }
    const answer = await create(team, { name: name('sse'), transport: 'SSE' });
    same(answer, 'transport', dataOf(answer).transport, 'SSE');
  },

  'createMcpServer: the URL must have a scheme that the transport dials': async ({ team, name }) => {
    const dials = {
      STREAMABLE_HTTP: ['http', 'https'],
      SSE: ['http', 'https'],
      WebSocket: ['ws', 'wss', 'http', 'https'],
    };
    for (const transport of ['STREAMABLE_HTTP', 'SSE', 'WebSocket'] as const) {
      for (const scheme of ['http', 'https', 'ws', 'wss']) {
        const body = { name: name('scheme'), url: `${scheme}://files.example.com/mcp`, transport };
        if (dials[transport].includes(scheme)) {
          await team.call(201, 'createMcpServer', { body });
        } else {
          await refused(team, 'createMcpServer', { body }, 'url');
        }
      }
    }
    for (const url of ['ftp://files.example.com', 'files.example.com', '/mcp', '']) {
      await refused(team, 'createMcpServer', { body: { name: name('scheme'), url } }, 'url');
    }
  },

  'createMcpServer: values that break their schema are refused by name': async ({ team, name }) => {
    const wrong: Record<string, readonly unknown[]> = {
      name: ['', 'n'.repeat(129), null, 1],
      url: [null, 1, `https://example.com/${'u'.repeat(2048)}`],
      description: [1, 'd'.repeat(1025)],
      approval_policy: ['auto_approve', 'AUTO_APPROVE_ALL', null],
      transport: ['websocket', 'streamable_http', 'stdio', null],
      request_headers: [null, [], 'Authorization: x', { Authorization: 1 }, { Authorization: null }],
      tags: [null, 'files', ['files', 'files'], [''], [1]],
      timeout_seconds: [0, 3601, 1.5, '60'],
      required_approvals: [0, 6, 1.5, '2', null],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        const body = { name: name('wrong'), url: URL_OF_NOBODY, [key]: value };
        await refused(team, 'createMcpServer', { body }, key);
      }
    }
    await refused(team, 'createMcpServer', { body: { url: URL_OF_NOBODY } }, 'name');
    await refused(team, 'createMcpServer', { body: { name: name('wrong') } }, 'url');
  },

  'createMcpServer: the longest values are taken, counted in characters': async ({ team, name }) => {
    const fields = {
      name: `${name('longest')}${'🗝'.repeat(128 - name('longest').length)}`,
      description: '🗝'.repeat(1024),
      url: `https://example.com/${'u'.repeat(2028)}`,
      tags: ['t'.repeat(64)],
    };
    const answer = await create(team, fields);
    const { name: named, description, url, tags } = dataOf(answer);
    same(answer, 'the fields', { name: named, description, url, tags }, fields);
  },

  'createMcpServer: headers that cannot be sent are refused': async ({ team, name }) => {
    const refusedHeaders: readonly Record<string, string>[] = [
      { Host: 'example.com' },
      { connection: 'close' },
      { 'CONTENT-LENGTH': '1' },
      { 'Transfer-Encoding': 'chunked' },
      { upgrade: 'websocket' },
      { 'Proxy-Connection': 'keep-alive' },
      { 'Two words': 'x' },
      { '': 'x' },
      { 'X-Line': 'one\r\nX-Two: two' },
    ];
    for (const request_headers of refusedHeaders) {
      const body = { name: name('headers'), url: URL_OF_NOBODY, request_headers };
      await refused(team, 'createMcpServer', { body }, 'request_headers');
    }
  },

  'createMcpServer: unknown and read-only keys are refused by name, and nothing is created': async ({ team, name }) => {
    const extra = {
      nickname: 'x',
      config: { url: URL_OF_NOBODY },
      id: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69',
      organization_id: 'org_2zC2v0GqxbrfKq1rKazb3gFcPEq',
      created_at: 1,
      updated_at: 1,
    };
    for (const [key, value] of Object.entries(extra)) {
      const body = { name: name('refused'), url: URL_OF_NOBODY, [key]: value };
      await refused(team, 'createMcpServer', { body }, key);
    }
    const list = await team.call(200, 'listMcpServers', { query: { search: name('refused') } });
    same(list, 'the number of servers', dataOf(list).total_count, 0);
  },

  'getMcpServer: an id of another kind or of nobody, and a parameter, are refused': async ({ team, name }) => {
    const path = await created(team, { name: name('ids') });
    const { id } = await read(team, path);
    await team.call([400, 404], 'getMcpServer', { path: { mcpServerId: id.slice('mcp_'.length) } });
    await team.call([400, 404], 'getMcpServer', { path: { mcpServerId: id.toUpperCase() } });
    await team.call([400, 404], 'getMcpServer', { path: { mcpServerId: `${id}0` } });
    await team.call(404, 'getMcpServer', { path: { mcpServerId: 'mcp_00000000-0000-4000-8000-000000000000' } });
    await refused(team, 'getMcpServer', { path, query: { verbose: 'true' } }, 'verbose');
  },
});
