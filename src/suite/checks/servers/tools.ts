import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { created, dataOf, read, refused } from './support.ts';

/** No name below `.invalid` is ever found (RFC 6761). */
const UNREACHABLE = 'https://server.invalid/mcp';

/** checkMcpServer and listMcpServerTools. */
export const toolChecks = checks('servers', {
  'checkMcpServer: a server that cannot be reached is a 200 that says why, and nothing is registered': async ({
    team,
  }) => {
    const count = async () => dataOf(await team.call(200, 'listMcpServers', {})).total_count;
    const before = await count();
    const answer = await team.call(200, 'checkMcpServer', { body: { url: UNREACHABLE } });
    const { state, error, ...rest } = dataOf(answer);
    same(answer, 'the state', state, 'unreachable');
    holds(answer, (error ?? '') !== '', 'the reason', error);
    same(answer, 'the rest', rest, { server_info: null, protocol_version: null, tool_count: null, tools: [] });
    holds(answer, (await count()) === before, 'as many servers as before', before);
    const body = { url: UNREACHABLE.replace('https:', 'wss:') };
    await refused(team, 'checkMcpServer', { body }, 'url');
  },

  'listMcpServerTools: a server that cannot be reached is a 502, and stays as it was': async ({ team, name }) => {
    const path = await created(team, { name: name('unreachable'), url: UNREACHABLE });
    const approval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
    const added = await team.call(201, 'addToolApproval', { path, body: approval });
    const { health: unused, ...before } = await read(team, path);
    await team.call(502, 'listMcpServerTools', { path });
    await team.call(502, 'listMcpServerTools', { path });
    const after = await team.call(200, 'getMcpServer', { path });
    const { health, ...server } = dataOf(after);
    same(after, 'the server as it was:', server, before);
    same(after, 'the health of a new server', unused, { state: 'unknown', since: null, last_error: null });
    holds(after, health.state !== 'connected', 'a health that is not connected', health);
    const approvals = await team.call(200, 'listToolApprovals', { path });
    same(approvals, 'its approval as it was:', dataOf(approvals), [dataOf(added)]);
  },
});
