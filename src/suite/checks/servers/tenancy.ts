import type { OperationId } from '../../../contract/operations.ts';
import type { Caller } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import { type Credentials, invented } from '../../credentials.ts';
import { holds, same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import { created, dataOf, nowhere, type Path, read } from './support.ts';

function otherOf({ other }: Context): Caller {
  if (other === null) {
    throw new Skipped('no second organization: set GATEHOUSE_OTHER_API_KEY and GATEHOUSE_OTHER_API_SECRET');
  }
  return other;
}

/** One header of a key pair. */
const halfOf = (credentials: Credentials, header: string): Credentials =>
  Object.fromEntries(Object.entries(credentials).filter(([name]) => name === header));

/** The separation of organizations. */
export const tenancyChecks = checks('servers', {
  'every operation: half a key pair, alone or with a wrong half, is a 401': async ({ team, as }) => {
    for (const header of Object.keys(team.credentials)) {
      const half = halfOf(team.credentials, header);
      await as(half).call(401, 'listMcpServers');
      await as({ ...invented(team.credentials), ...half }).call(401, 'listMcpServers');
    }
  },

  'every operation: the key of one organization with the secret of another is a 401': async (context) => {
    const [one, two] = [context.team.credentials, otherOf(context).credentials];
    await context.as({ ...halfOf(one, 'X-API-KEY'), ...halfOf(two, 'X-API-SECRET') }).call(401, 'listMcpServers');
    await context.as({ ...halfOf(two, 'X-API-KEY'), ...halfOf(one, 'X-API-SECRET') }).call(401, 'listMcpServers');
  },

  "every operation: another organization's server does not exist": async (context) => {
    const { team, name } = context;
    const other = otherOf(context);
    const path = await created(team, { name: name('tenancy') });
    const approval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
    await team.call(201, 'addToolApproval', { path, body: approval });
    const before = await team.call(200, 'getMcpServer', { path });
    const approvals = await team.call(200, 'listToolApprovals', { path });
    const requests: readonly [operation: OperationId, body?: object][] = [
      ['getMcpServer'],
      ['updateMcpServer', { name: name('stolen') }],
      ['deleteMcpServer'],
      ['updateApprovalPolicy', { approval_policy: 'auto_approve_all' }],
      ['listMcpServerTools'],
      ['listToolApprovals'],
      ['addToolApproval', { ...approval, auto_approve: false }],
      ['removeToolApproval'],
    ];
    for (const [operation, body] of requests) {
      const ask = (at: Path) => other.send(404, operation, { path: { ...at, toolName: 'file_read' }, body });
      const foreign = await ask(path);
      const unknown = nowhere();
      const missing = await ask(unknown);
      const expected = missing.text.replaceAll(unknown.mcpServerId, path.mcpServerId);
      same(foreign, 'the answer for a server that does not exist:', foreign.text, expected);
    }
    const after = await team.call(200, 'getMcpServer', { path });
    same(after, 'the server as it was:', dataOf(after), dataOf(before));
    const still = await team.call(200, 'listToolApprovals', { path });
    same(still, 'its approvals as they were:', dataOf(still), dataOf(approvals));
  },

  "listMcpServers: another organization's servers are neither listed, found nor counted": async (context) => {
    const { team, name } = context;
    const other = otherOf(context);
    const mine = await read(team, await created(team, { name: name('whose') }));
    const theirs = await read(other, await created(other, { name: name('whose') }));
    for (const [caller, server] of [
      [team, mine],
      [other, theirs],
    ] as const) {
      const answer = await caller.call(200, 'listMcpServers', { query: { search: name('whose') } });
      const { servers, total_count } = dataOf(answer);
      same(answer, 'one server', [servers.map(({ id }) => id), total_count], [[server.id], 1]);
    }
    const whole = await other.call(200, 'listMcpServers', { query: { limit: 100 } });
    const owners = new Set(dataOf(whole).servers.map(({ organization_id }) => organization_id));
    same(whole, 'one owner of all servers', [...owners], [theirs.organization_id]);
    holds(whole, theirs.organization_id !== mine.organization_id, 'an organization_id of its own', theirs);
  },
});
