import type { Caller, Sent } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import { type Credentials, invented } from '../../credentials.ts';
import { holds, same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import { created, dataOf, nowhere, type Page, read, SERVERS } from './support.ts';

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
      await as(half).call(401, 'GET', SERVERS);
      await as({ ...invented(team.credentials), ...half }).call(401, 'GET', SERVERS);
    }
  },

  'every operation: the key of one organization with the secret of another is a 401': async (context) => {
    const [one, two] = [context.team.credentials, otherOf(context).credentials];
    await context.as({ ...halfOf(one, 'X-API-KEY'), ...halfOf(two, 'X-API-SECRET') }).call(401, 'GET', SERVERS);
    await context.as({ ...halfOf(two, 'X-API-KEY'), ...halfOf(one, 'X-API-SECRET') }).call(401, 'GET', SERVERS);
  },

  "every operation: another organization's server does not exist": async (context) => {
    const { team, name } = context;
    const other = otherOf(context);
    const path = await created(team, { name: name('tenancy') });
    const approval = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };
    await team.call(201, 'POST', `${path}/tool-approvals`, { body: approval });
    const before = await team.call(200, 'GET', path);
    const approvals = await team.call(200, 'GET', `${path}/tool-approvals`);
    const requests: readonly [method: string, below: string, sent?: Sent][] = [
      ['GET', ''],
      ['PATCH', '', { body: { name: name('stolen') } }],
      ['DELETE', ''],
      ['PATCH', '/approval-policy', { body: { approval_policy: 'auto_approve_all' } }],
      ['GET', '/tools'],
      ['GET', '/tool-approvals'],
      ['POST', '/tool-approvals', { body: { ...approval, auto_approve: false } }],
      ['DELETE', '/tool-approvals/file_read'],
    ];
    for (const [method, below, sent] of requests) {
      const foreign = await other.call(404, method, `${path}${below}`, sent);
      const unknown = nowhere();
      const missing = await other.call(404, method, `${unknown}${below}`, sent);
      const id = (of: string) => of.split('/').at(-1) ?? '';
      const expected = missing.text.replaceAll(id(unknown), id(path));
      same(foreign, 'the answer for a server that does not exist:', foreign.text, expected);
    }
    const after = await team.call(200, 'GET', path);
    same(after, 'the server as it was:', dataOf(after), dataOf(before));
    const still = await team.call(200, 'GET', `${path}/tool-approvals`);
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
      const answer = await caller.call(200, 'GET', `${SERVERS}?search=${name('whose')}`);
      const { servers, total_count } = dataOf<Page>(answer);
      same(answer, 'one server', [servers.map(({ id }) => id), total_count], [[server.id], 1]);
    }
    const whole = await other.call(200, 'GET', `${SERVERS}?limit=100`);
    const owners = new Set(dataOf<Page>(whole).servers.map(({ organization_id }) => organization_id));
    same(whole, 'one owner of all servers', [...owners], [theirs.organization_id]);
    holds(whole, theirs.organization_id !== mine.organization_id, 'an organization_id of its own', theirs);
  },
});
