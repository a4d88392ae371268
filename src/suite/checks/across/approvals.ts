import { randomUUID } from 'node:crypto';
import { type Context, checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { documentOf } from '../accounts/documents.ts';
import { dataOf } from '../servers/support.ts';
import { approvalIn, decideAs, heldTool, onlyWaiting, readRequest, resultOf, waiting } from './held-call.ts';

const EXACT = '{"big":12345678901234567890,"exact":1.50,"text":"a"}';
const REORDERED = '{"text":"a","exact":1.50,"big":12345678901234567890}';

const statusOf = async (approver: Parameters<typeof readRequest>[0], id: string) => {
  const answer = await readRequest(approver, id);
  return { answer, status: dataOf(answer).status };
};

/** Approval of exact calls: what went wrong elsewhere. */
export const exactCallChecks = checks('all', {
  'tools/call: a person sees every argument as it was written, and an approved call is sent once': async (context) => {
    const { approver, call } = await heldTool(context);
    const calling = call(EXACT);
    const { id } = await onlyWaiting(approver);
    const whole = await readRequest(approver, id);
    holds(whole, whole.text.includes(`"arguments":${EXACT}`), `the arguments ${EXACT}`, dataOf(whole).arguments);
    same(whole, 'arguments_bytes', dataOf(whole).arguments_bytes, EXACT.length);
    await decideAs(approver, 200, dataOf(whole));
    const answer = await calling;
    same(answer, 'the approval request in the result of a call that was sent:', approvalIn(answer), undefined);
    const used = await statusOf(approver, id);
    same(used.answer, 'status', used.status, 'used');
    const again = call(EXACT);
    const next = await onlyWaiting(approver);
    holds(used.answer, next.id !== id, 'another request for the second call', next.id);
    await decideAs(approver, 200, next, 'deny');
    await again;
  },

  'decideApprovalRequest: the client of a denied call is told the reason, and the call is not sent': async (
    context,
  ) => {
    const { approver, call } = await heldTool(context);
    const calling = call('{}');
    const request = await onlyWaiting(approver);
    await decideAs(approver, 200, request, 'deny', context.name('reason'));
    const answer = await calling;
    same(
      answer,
      'isError and the status of the approval request',
      [resultOf(answer).isError, approvalIn(answer)?.status],
      [true, 'denied'],
    );
    holds(answer, answer.text.includes(context.name('reason')), `the reason ${context.name('reason')}`, answer.json);
    const again = await call('{}');
    same(again, 'the status of the approval request of the same call again:', approvalIn(again)?.status, 'denied');
  },

  'decideApprovalRequest: hashes of another call decide nothing': async (context) => {
    const { approver, call } = await heldTool(context);
    const calls = [call('{"to":"a"}'), call('{"to":"b"}')];
    const [one, other] = await waiting(approver, 2);
    if (one === undefined || other === undefined) {
      throw new TypeError('two requests wait, and were not answered');
    }
    await decideAs(approver, 409, { ...one, arguments_digest: other.arguments_digest });
    await decideAs(approver, 409, { ...one, definition_hash: one.arguments_digest });
    await waiting(approver, 2);
    for (const request of [one, other]) {
      await decideAs(approver, 200, request, 'deny');
    }
    await Promise.all(calls);
  },

  'decideApprovalRequest: a second decision is a 409, and changes nothing': async (context) => {
    const { approver, call } = await heldTool(context);
    const calling = call('{}');
    const request = await onlyWaiting(approver);
    await decideAs(approver, 200, request, 'deny');
    await decideAs(approver, 409, request, 'approve');
    const { answer, status } = await statusOf(approver, request.id);
    same(answer, 'status', status, 'denied');
    await calling;
  },

  'decideApprovalRequest: as many different approvers as required_approvals says approve a call, nobody twice': async (
    context,
  ) => {
    const { approver, anotherApprover, call } = await heldTool(context, { required_approvals: 2 });
    const calling = call('{}');
    const request = await onlyWaiting(approver);
    const first = await decideAs(approver, 200, request);
    same(first, 'status', dataOf(first).status, 'pending');
    const twice = await decideAs(approver, 409, request);
    const { answer, status } = await statusOf(approver, request.id);
    same(answer, 'status', status, 'pending');
    holds(twice, dataOf(answer).decisions.length === 1, 'one decision', dataOf(answer).decisions);
    const second = await decideAs(await anotherApprover(), 200, request);
    same(
      second,
      'status, required_approvals and the number of decisions',
      [dataOf(second).status, dataOf(second).required_approvals, dataOf(second).decisions.length],
      ['approved', 2, 2],
    );
    const sent = await calling;
    same(sent, 'the approval request in the result of a call that was sent:', approvalIn(sent), undefined);
  },

  'decideApprovalRequest: one denial denies a call that another approver has approved': async (context) => {
    const { approver, anotherApprover, call } = await heldTool(context, { required_approvals: 2 });
    const calling = call('{}');
    const request = await onlyWaiting(approver);
    await decideAs(approver, 200, request);
    const denied = await decideAs(await anotherApprover(), 200, request, 'deny');
    same(denied, 'status', dataOf(denied).status, 'denied');
    const answer = await calling;
    same(answer, 'the status of the approval request:', approvalIn(answer)?.status, 'denied');
  },

  'decideApprovalRequest: remember saves a tool approval for what the person saw, with an approval only': async (
    context,
  ) => {
    const { approver, tokenHolder, endpoint, call } = await heldTool(context, {
      approval_policy: 'require_approval_per_tool',
    });
    const calling = call('{}');
    const { id, arguments_digest, definition_hash, tool_name } = await onlyWaiting(approver);
    const seen = { arguments_digest, definition_hash, remember: 'tool' as const };
    const path = { approvalRequestId: id };
    await approver.send(400, 'decideApprovalRequest', { path, body: { ...seen, decision: 'deny' } });
    await approver.call(200, 'decideApprovalRequest', { path, body: { ...seen, decision: 'approve' } });
    const sent = await calling;
    same(sent, 'the approval request in the result of a call that was sent:', approvalIn(sent), undefined);
    const account = { id: endpoint.integrated_account_id };
    const list = await tokenHolder.call(200, 'listAccountToolApprovals', { path: account });
    same(
      list,
      'the tool approvals',
      list.json.result.map((one) => [one.tool_name, one.approval_hash, one.auto_approve, one.expires_at]),
      [[tool_name, definition_hash, true, null]],
    );
  },

  'tools/call: missing arguments, {} and null wait as three calls': async (context) => {
    const { approver, call } = await heldTool(context);
    const calls = [call(), call('{}'), call('null')];
    const requests = await waiting(approver, 3);
    const digests = new Set(requests.map(({ arguments_digest }) => arguments_digest));
    const list = await approver.call(200, 'listApprovalRequests', { query: { status: 'pending' } });
    same(list, 'different digests:', digests.size, 3);
    for (const request of requests) {
      await decideAs(approver, 200, request, 'deny');
    }
    await Promise.all(calls);
  },

  'tools/call: another order of keys joins the request that waits, other arguments do not': async (context) => {
    const { approver, call } = await heldTool(context);
    const calls = [call(EXACT), call(REORDERED), call(EXACT.replace('1.50', '1.5'))];
    const requests = await waiting(approver, 2);
    for (const request of requests) {
      await decideAs(approver, 200, request, 'deny');
    }
    await Promise.all(calls);
    const list = await approver.call(200, 'listApprovalRequests', {});
    same(list, 'requests:', dataOf(list).total_count, 2);
  },

  'every operation: only a key pair with approvals, of the same organization, sees and decides': async (context) => {
    const { approver, agent, tokenHolder, call } = await heldTool(context);
    const stranger = await heldTool(context);
    const calling = call('{}');
    const request = await onlyWaiting(approver);
    const path = { approvalRequestId: request.id };
    for (const [by, status] of [
      [agent, 403],
      [tokenHolder, 401],
      [stranger.approver, 404],
    ] as const) {
      await by.call(status, 'getApprovalRequest', { path });
      await decideAs(by, status, request);
    }
    await onlyWaiting(approver);
    await decideAs(approver, 200, request, 'deny');
    await calling;
  },

  'streamApprovalEvents: an event that is not kept is a 409, and one that cannot be an event a 400': async (
    context,
  ) => {
    const { approver } = await heldTool(context);
    const after = (id: string) => ({ header: { 'Last-Event-ID': id } });
    await approver.call(409, 'streamApprovalEvents', after(`evt_${randomUUID()}`));
    await approver.send(400, 'streamApprovalEvents', after('17'));
  },

  'addAccountToolApproval: calls run for the approved definition only, and a request shows it beside the present one':
    async (context) => {
      const { approver, tokenHolder, integration, endpoint, call } = await heldTool(context, {
        approval_policy: 'require_approval_per_tool',
      });
      const account = { id: endpoint.integrated_account_id };
      const preview = await tokenHolder.call(200, 'listAccountTools', { path: account });
      const [tool] = preview.json.result;
      holds(preview, tool !== undefined, 'a tool', preview.json);
      const { name: tool_name, description, definition_hash: approval_hash } = tool;
      const body = { tool_name, approval_hash, auto_approve: true };
      await tokenHolder.call(201, 'addAccountToolApproval', { path: account, body });
      const sent = await call('{}');
      same(sent, 'the approval request in the result of a call that was sent:', approvalIn(sent), undefined);
      const document = documentOf({ '/pets': { get: { summary: 'Tell everybody about pets', responses: {} } } });
      await tokenHolder.call(200, 'updateIntegration', { path: integration, body: { document } });
      const calling = call('{}');
      const { id } = await onlyWaiting(approver);
      const whole = await readRequest(approver, id);
      const { definition, pinned_definition: pinned } = dataOf(whole);
      same(
        whole,
        'the name and description of pinned_definition',
        [pinned?.name, pinned?.description],
        [tool_name, description],
      );
      holds(whole, definition.description !== description, 'another description in definition', definition);
      await decideAs(approver, 200, dataOf(whole), 'deny');
      await calling;
    },

  'decideApprovalRequest: a request is outdated when the scope of its endpoint has changed': async (context) => {
    const { approver, tokenHolder, endpoint, call } = await heldTool(context);
    const calling = call('{}');
    const request = await onlyWaiting(approver);
    await tokenHolder.call(200, 'updateEndpoint', { path: endpoint, body: { config: { methods: ['read'] } } });
    await decideAs(approver, 409, request);
    const { answer, status } = await statusOf(approver, request.id);
    same(answer, 'status', status, 'outdated');
    await calling;
  },
} satisfies Readonly<Record<string, (context: Context) => Promise<void>>>);
