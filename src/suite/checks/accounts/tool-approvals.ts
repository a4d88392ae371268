import type { Answer, Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import type { AnswerJson } from '../../questions.ts';
import { createdAccount, nobody, type Path, read, refused, tick, tools } from './support.ts';

const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const approval = (tool_name: string) => ({ tool_name, approval_hash: HASH, auto_approve: true });
/** What a tool approval has that was added without an end. */
const ENDLESS = { expires_at: null, expired: false };

type ToolApproval = AnswerJson<'addAccountToolApproval', 201>;

const list = async (holder: Caller, path: Path) => {
  const answer = await holder.call(200, 'listAccountToolApprovals', { path });
  return { answer, approvals: answer.json.result };
};

/** Adds an approval that ends in a moment, and resolves when it has ended. */
async function endingApproval(holder: Caller, path: Path, body: ReturnType<typeof approval>): Promise<ToolApproval> {
  const now = Date.parse((await read(holder, 'account', path)).updated_at);
  // The end must lie ahead by the server's clock when the request arrives, however slow that is.
  for (const lead of [250, 1000, 4000, 16_000]) {
    const expires_at = new Date(now + lead).toISOString();
    const answer = await holder.send([201, 400], 'addAccountToolApproval', { path, body: { ...body, expires_at } });
    if (answer.status === 201) {
      const { json } = answer as Answer<ToolApproval>;
      same(answer, 'expires_at and expired', [json.expires_at, json.expired], [expires_at, false]);
      await new Promise((resolve) => setTimeout(resolve, lead + 10));
      return json;
    }
  }
  throw new Skipped('the server takes more than 16 s to answer');
}

/** listAccountToolApprovals, addAccountToolApproval, removeAccountToolApproval. */
export const toolApprovalChecks = checks('accounts', {
  'addAccountToolApproval: an approval is kept as sent, oldest first, and a second one for a tool replaces the first':
    async ({ holder, name }) => {
      const path = await createdAccount(holder, { name: name('approvals') });
      const [tool] = (await tools(holder, 'listAccountTools', path)).result;
      const kept: ToolApproval[] = [];
      for (const tool_name of ['zip', tool?.name ?? '', 'List']) {
        const body = { tool_name, approval_hash: tool?.definition_hash ?? '', auto_approve: tool_name === 'zip' };
        const answer = await holder.call(201, 'addAccountToolApproval', { path, body });
        const { integrated_account_id, created_at, ...rest } = answer.json;
        same(answer, 'the approval', rest, { ...body, ...ENDLESS });
        same(answer, 'integrated_account_id', integrated_account_id, path.id);
        const { updated_at } = await read(holder, 'account', path);
        holds(answer, created_at >= updated_at, `created_at not before ${updated_at}`, created_at);
        kept.push(answer.json);
        await tick();
      }
      const first = await list(holder, path);
      same(first.answer, 'the approvals', first.approvals, kept);
      const body = { ...approval('zip'), auto_approve: false };
      const second = await holder.call(201, 'addAccountToolApproval', { path, body });
      const replaced = await list(holder, path);
      same(replaced.answer, 'the approvals', replaced.approvals, [...kept.slice(1), second.json]);
    },

  'addAccountToolApproval: an approval with an end is listed as expired from then on, and can be renewed': async ({
    holder,
    name,
  }) => {
    const path = await createdAccount(holder, { name: name('ends') });
    const body = approval('file_read');
    const added = await endingApproval(holder, path, body);
    const ended = await list(holder, path);
    same(ended.answer, 'the approval as expired', ended.approvals, [{ ...added, expired: true }]);
    const renewed = await holder.call(201, 'addAccountToolApproval', { path, body: { ...body, expires_at: null } });
    const { expires_at, expired } = renewed.json;
    same(renewed, 'no end', { expires_at, expired }, ENDLESS);
  },

  'removeAccountToolApproval: what is revoked is gone, and cannot be revoked again': async ({ holder, name }) => {
    const path = await createdAccount(holder, { name: name('revoke') });
    for (const tool_name of ['keep', 'a/b c%']) {
      await holder.call(201, 'addAccountToolApproval', { path, body: approval(tool_name) });
    }
    const one = { ...path, tool_name: 'a/b c%' };
    const answer = await holder.call(200, 'removeAccountToolApproval', { path: one });
    const gone = { integrated_account_id: path.id, tool_name: one.tool_name, deleted: true };
    same(answer, 'the answer', answer.json, gone);
    const left = await list(holder, path);
    const names = left.approvals.map(({ tool_name }) => tool_name);
    same(left.answer, 'the tools that are left:', names, ['keep']);
    await holder.call(404, 'removeAccountToolApproval', { path: one });
    await holder.call(404, 'removeAccountToolApproval', { path: { id: nobody(), tool_name: 'keep' } });
  },

  'addAccountToolApproval: what is wrong, missing or unknown is refused by name, and nothing is kept': async ({
    holder,
    name,
  }) => {
    const path = await createdAccount(holder, { name: name('refused-approval') });
    const whole: Record<string, unknown> = approval('file_read');
    const wrong: Record<string, readonly unknown[]> = {
      tool_name: ['', 't'.repeat(257), null, '..', undefined],
      approval_hash: ['', 'h'.repeat(129), 1, undefined],
      auto_approve: ['true', 1, null, undefined],
      expires_at: ['2020-01-01T00:00:00.000Z', 'never', 1],
      expired: [false],
      approval_conditions: [{}],
      reason: ['x'],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        await refused(holder, 'addAccountToolApproval', { path, body: { ...whole, [key]: value } }, key);
      }
    }
    const { answer, approvals } = await list(holder, path);
    same(answer, 'no approvals', approvals, []);
  },
});
