import type { Answer, Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import type { AnswerJson } from '../../questions.ts';
import { created, dataOf, lasting, type Path, read, refused, type ToolApproval, tick } from './support.ts';

const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const approval = (tool_name: string) => ({ tool_name, approval_hash: HASH, auto_approve: true });
/** What a tool approval has that was added without an end. */
const ENDLESS = { expires_at: null, expired: false };

/** updateApprovalPolicy. */
const policyChecks = checks('servers', {
  'updateApprovalPolicy: each policy is set, answered and read, and nothing else changes': async ({ team, name }) => {
    const path = await created(team, { name: name('policy'), description: 'Stays', tags: ['stays'] });
    const policies = [
      'auto_approve_all',
      'auto_approve_read_only',
      'require_approval_per_tool',
      'require_approval_all',
    ] as const;
    for (const approval_policy of policies) {
      const before = await team.call(200, 'getMcpServer', { path });
      await tick();
      const answer = await team.call(200, 'updateApprovalPolicy', { path, body: { approval_policy } });
      const after = await team.call(200, 'getMcpServer', { path });
      const server = dataOf(after);
      const { id, organization_id, name: named, updated_at } = server;
      same(after, 'the server', lasting(server), { ...lasting(dataOf(before)), approval_policy });
      same(answer, 'data', dataOf(answer), { id, organization_id, name: named, approval_policy, updated_at });
      same(answer, 'the ETag that is then read:', answer.headers.get('ETag'), after.headers.get('ETag'));
      const [was, is] = [before, after].map((answered) => answered.headers.get('ETag'));
      holds(answer, was !== is, 'a new ETag', is);
      holds(answer, updated_at > dataOf(before).updated_at, 'a later updated_at', updated_at);
    }
  },

  'updateApprovalPolicy: what is wrong, missing or unknown is refused by name': async ({ team, name }) => {
    const path = await created(team, { name: name('policy') });
    const before = await read(team, path);
    for (const approval_policy of ['none', null, 1]) {
      await refused(team, 'updateApprovalPolicy', { path, body: { approval_policy } }, 'approval_policy');
    }
    await refused(team, 'updateApprovalPolicy', { path, body: {} }, 'approval_policy');
    const body = { approval_policy: 'auto_approve_all', name: 'x' };
    await refused(team, 'updateApprovalPolicy', { path, body }, 'name');
    const after = await team.call(200, 'getMcpServer', { path });
    same(after, 'the server as it was:', dataOf(after), before);
  },
});

const list = async (team: Caller, path: Path): Promise<{ answer: Answer; approvals: ToolApproval[] }> => {
  const answer = await team.call(200, 'listToolApprovals', { path });
  return { answer, approvals: dataOf(answer) };
};

/** Adds an approval that ends in a moment, and resolves when it has ended. */
async function endingApproval(team: Caller, path: Path, body: ReturnType<typeof approval>): Promise<ToolApproval> {
  const { updated_at: now } = await read(team, path);
  // The end must lie ahead by the server's clock when the request arrives, however slow that is.
  for (const lead of [250, 1000, 4000, 16_000]) {
    const expires_at = now + lead;
    const answer = await team.send([201, 400], 'addToolApproval', { path, body: { ...body, expires_at } });
    if (answer.status === 201) {
      const { data } = (answer as Answer<AnswerJson<'addToolApproval', 201>>).json;
      same(answer, 'expires_at', data.expires_at, expires_at);
      same(answer, 'expired', data.expired, false);
      await new Promise((resolve) => setTimeout(resolve, lead + 10));
      return data;
    }
  }
  throw new Skipped('the server takes more than 16 s to answer');
}

/** listToolApprovals, addToolApproval, removeToolApproval. */
const toolChecks = checks('servers', {
  'addToolApproval: an approval is kept as sent, for its server, oldest first': async ({ team, name }) => {
    const path = await created(team, { name: name('approvals') });
    const neighbour = await created(team, { name: name('approvals') });
    const none = await list(team, path);
    same(none.answer, 'no approvals', none.approvals, []);
    const kept: ToolApproval[] = [];
    for (const tool_name of ['zip', 'list', 'List']) {
      const body = { ...approval(tool_name), auto_approve: tool_name === 'zip' };
      const answer = await team.call(201, 'addToolApproval', { path, body });
      const { server_id, created_at, ...rest } = dataOf(answer);
      same(answer, 'the approval', { server_id, ...rest }, { server_id: path.mcpServerId, ...body, ...ENDLESS });
      const { updated_at } = await read(team, path);
      holds(answer, created_at >= updated_at, `created_at in milliseconds, not before ${updated_at}`, created_at);
      kept.push(dataOf(answer));
      await tick();
    }
    const { answer, approvals } = await list(team, path);
    same(answer, 'the approvals', approvals, kept);
    const other = await list(team, neighbour);
    same(other.answer, 'no approvals of another server', other.approvals, []);
  },

  'addToolApproval: a second answer for a tool replaces the first': async ({ team, name }) => {
    const path = await created(team, { name: name('upsert') });
    await team.call(201, 'addToolApproval', { path, body: approval('file_read') });
    const body = { tool_name: 'file_read', approval_hash: 'b'.repeat(64), auto_approve: false };
    const second = await team.call(201, 'addToolApproval', { path, body });
    const { answer, approvals } = await list(team, path);
    same(answer, 'the second approval alone', approvals, [dataOf(second)]);
    const { server_id: _, created_at: __, ...rest } = dataOf(second);
    same(second, 'the approval', rest, { ...body, ...ENDLESS });
  },

  'addToolApproval: an approval with an end is listed as expired from then on, and can be renewed': async ({
    team,
    name,
  }) => {
    const path = await created(team, { name: name('ends') });
    const body = approval('file_read');
    const added = await endingApproval(team, path, body);
    const ended = await list(team, path);
    same(ended.answer, 'the approval as expired', ended.approvals, [{ ...added, expired: true }]);
    const renewed = await team.call(201, 'addToolApproval', { path, body: { ...body, expires_at: null } });
    same(renewed, 'the approval without an end', dataOf(renewed).expires_at, null);
    same(renewed, 'expired', dataOf(renewed).expired, false);
  },

  'removeToolApproval: what is revoked is gone, and cannot be revoked again': async ({ team, name }) => {
    const path = await created(team, { name: name('revoke') });
    for (const tool_name of ['keep', 'revoke']) {
      await team.call(201, 'addToolApproval', { path, body: approval(tool_name) });
    }
    const answer = await team.call(200, 'removeToolApproval', { path: { ...path, toolName: 'revoke' } });
    const server_id = path.mcpServerId;
    same(answer, 'data', dataOf(answer), { server_id, tool_name: 'revoke', deleted: true });
    const left = await list(team, path);
    same(
      left.answer,
      'the tools that are left:',
      left.approvals.map(({ tool_name }) => tool_name),
      ['keep'],
    );
    await team.call(404, 'removeToolApproval', { path: { ...path, toolName: 'revoke' } });
    await team.call(404, 'removeToolApproval', { path: { ...path, toolName: 'never' } });
  },

  'removeToolApproval: names with reserved characters are found percent-encoded': async ({ team, name }) => {
    const path = await created(team, { name: name('encoded') });
    for (const tool_name of ['files/read', 'two words', 'a?b#c', '100%', '%2F', 'größe', '+', 'a:b@c', '...']) {
      await team.call(201, 'addToolApproval', { path, body: approval(tool_name) });
      const answer = await team.call(200, 'removeToolApproval', { path: { ...path, toolName: tool_name } });
      same(answer, 'tool_name', dataOf(answer).tool_name, tool_name);
    }
    const { answer, approvals } = await list(team, path);
    same(answer, 'no approvals', approvals, []);
  },

  'addToolApproval: what is wrong, missing or unknown is refused by name, and nothing is kept': async ({
    team,
    name,
  }) => {
    const path = await created(team, { name: name('refused-approval') });
    const whole: Record<string, unknown> = approval('file_read');
    for (const key of Object.keys(whole)) {
      const { [key]: _, ...body } = whole;
      await refused(team, 'addToolApproval', { path, body }, key);
    }
    const wrong: Record<string, readonly unknown[]> = {
      tool_name: ['', 't'.repeat(257), null, '..'],
      approval_hash: ['', 'h'.repeat(129), 1],
      auto_approve: ['true', 1, null],
      created_at: [1],
      expires_at: [1, 'never', true],
      expired: [false],
      server_id: ['mcp_8c180796-e6d7-4343-88b5-5df0846fef69'],
      reason: ['x'],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        await refused(team, 'addToolApproval', { path, body: { ...whole, [key]: value } }, key);
      }
    }
    const body = { ...whole, approval_conditions: {} };
    await refused(team, 'addToolApproval', { path, body }, 'approval_conditions', 'not supported');
    const { answer, approvals } = await list(team, path);
    same(answer, 'no approvals', approvals, []);
  },
});

export const approvalChecks = [...policyChecks, ...toolChecks];
