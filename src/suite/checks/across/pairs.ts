import { type Context, checks } from '../../check.ts';
import { keyPair } from '../../credentials.ts';
import { holds, same } from '../../expect.ts';
import { examplePath, operationsIn } from '../documented.ts';
import { events } from '../operator/audit.ts';
import { created as createdOrganization, createdPair } from '../operator/support.ts';
import { created, dataOf, read } from '../servers/support.ts';
import { endsInTime } from './expiry.ts';

const HOUR_MS = 60 * 60 * 1000;
const APPROVAL = { tool_name: 'file_read', approval_hash: 'a'.repeat(64), auto_approve: true };

/** An organization, and a maker of key pairs for it. */
async function tenant({ operator, name, as }: Context) {
  const path = await createdOrganization(operator, name('tenant'));
  const both: ('servers' | 'approvals')[] = ['servers', 'approvals'];
  const pair = async ({ permissions = both } = {}) => {
    const made = await createdPair(operator, path, { name: name('pair'), permissions });
    return { ...made, caller: as(keyPair(made.apiKey, made.apiSecret)) };
  };
  return { path, organization: path.org_id, pair };
}

/** The effects of the operator's key pairs on the Servers API, and the reverse. */
export const pairChecks = checks('all', {
  'permissions: a pair without approvals changes nothing that runs without a person': async (context) => {
    const { pair } = await tenant(context);
    const { caller: admin } = await pair();
    const { caller: agent } = await pair({ permissions: ['servers'] });
    const path = await created(agent, { name: context.name('agent'), required_approvals: 2 });
    await agent.call(200, 'updateMcpServer', { path, body: { name: context.name('renamed') } });
    await admin.call(201, 'addToolApproval', { path, body: APPROVAL });
    const before = await read(agent, path);
    const decision = { approval_policy: 'auto_approve_all' } as const;
    const body = { name: context.name('agent'), url: 'https://example.com', ...decision };
    for (const answer of [
      await agent.call(403, 'createMcpServer', { body }),
      await agent.call(403, 'updateMcpServer', { path, body: { description: 'x', ...decision } }),
      await agent.call(403, 'updateApprovalPolicy', { path, body: decision }),
      await agent.call(403, 'updateMcpServer', { path, body: { required_approvals: 1 } }),
      await agent.call(403, 'addToolApproval', { path, body: { ...APPROVAL, tool_name: 'x' } }),
      await agent.call(403, 'removeToolApproval', { path: { ...path, toolName: 'file_read' } }),
    ]) {
      holds(answer, answer.text.includes('approvals'), 'an error that names the permission approvals', answer.json);
    }
    const after = await agent.call(200, 'getMcpServer', { path });
    same(after, 'the server as it was:', dataOf(after), before);
    const approvals = await agent.call(200, 'listToolApprovals', { path });
    same(approvals, 'the number of approvals', dataOf(approvals).length, 1);
    const { caller: approver } = await pair({ permissions: ['approvals'] });
    for (const operation of operationsIn('servers', context.operations)) {
      const [permission] = operation.object.security?.[0]?.apiKey ?? [];
      if (permission !== undefined) {
        await (permission === 'servers' ? approver : agent).send(403, operation.id, { path: examplePath(operation) });
      }
    }
  },

  'getOverview: any pair reads the overview of its organization, and of no other': async (context) => {
    const { path, pair } = await tenant(context);
    const { caller } = await pair({ permissions: ['approvals'] });
    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
    const soon = await createdPair(context.operator, path, { name: context.name('soon'), expiresAt });
    const { caller: other } = await (await tenant(context)).pair();
    const answer = await caller.call(200, 'getOverview');
    const { expiring_credentials: expiring, calls } = dataOf(answer);
    same(
      answer,
      'the credentials that expire',
      expiring.map(({ id, kind }) => [id, kind]),
      [[soon.id, 'key_pair']],
    );
    const days = calls.map(({ day }) => Date.parse(day) / (24 * HOUR_MS));
    holds(
      answer,
      days.every((day, index) => day === (days[0] ?? 0) + index),
      'days one after the other',
      calls.map(({ day }) => day),
    );
    const empty = await other.call(200, 'getOverview');
    same(empty, 'the credentials that expire in another organization', dataOf(empty).expiring_credentials, []);
    const all = await context.operator.call(200, 'getOperatorOverview');
    const listed = all.json.expiringCredentials.some(({ id }) => id === soon.id);
    holds(all, listed || all.json.expiringCredentials.length === 100, `the key pair ${soon.id}`, 'none');
  },

  'deleteApiKey: the pair is refused at once, the others are not': async (context) => {
    const { path, pair } = await tenant(context);
    const [gone, kept] = [await pair(), await pair()];
    await gone.caller.call(200, 'listMcpServers');
    await context.operator.call(200, 'deleteApiKey', { path: { ...path, id: gone.id } });
    await gone.caller.call(401, 'listMcpServers');
    await kept.caller.call(200, 'listMcpServers');
  },

  'createApiKey: a pair is refused from expiresAt on': async (context) => {
    const { path, pair } = await tenant(context);
    const { createdAt } = await pair();
    const answer = await endsInTime(context, 'createApiKey', path, createdAt);
    const { apiKey, apiSecret } = answer.json;
    await context.as(keyPair(apiKey, apiSecret)).call(401, 'listMcpServers');
  },

  'deleteOrganization: its pairs are refused at once': async (context) => {
    const { path, pair } = await tenant(context);
    const { caller } = await pair();
    const server = await created(caller, { name: context.name('orphan') });
    await context.operator.call(200, 'deleteOrganization', { path });
    await caller.call(401, 'listMcpServers');
    await caller.call(401, 'getMcpServer', { path: server });
  },

  'listAuditEvents: what a team does is there, by its pair, without secrets': async (context) => {
    const { organization, pair } = await tenant(context);
    const { caller, id } = await pair();
    const secret = context.name('secret-header');
    const path = await created(caller, { name: context.name('audited'), request_headers: { 'X-Secret': secret } });
    const server = path.mcpServerId;
    await caller.call(200, 'updateMcpServer', { path, body: { request_headers: { 'X-Secret': `${secret}-new` } } });
    await caller.call(200, 'updateApprovalPolicy', { path, body: { approval_policy: 'auto_approve_all' } });
    await caller.call(201, 'addToolApproval', { path, body: APPROVAL });
    await caller.call(200, 'removeToolApproval', { path: { ...path, toolName: 'file_read' } });
    await caller.call(200, 'deleteMcpServer', { path });
    const { data, answer } = await events(context.operator, { organization });
    const own = data.filter(({ actor }) => actor.kind === 'key_pair' && actor.id === id);
    same(answer, 'the number of events of the pair', own.length, 6);
    const targets = own.map(({ target }) => target).filter(({ kind }) => kind === 'server');
    same(
      answer,
      'the targets of kind server',
      targets.map((target) => target.id),
      [server, server, server, server],
    );
    const updates = own.filter(({ action }) => action === 'server.updated').map(({ target }) => target.id);
    same(answer, 'the targets of server.updated', updates, [server, server]);
    holds(answer, !answer.text.includes(secret), 'events without secrets', 'a request header');
  },
});
