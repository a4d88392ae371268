import type { Answer } from '../../caller.ts';
import { type Context, checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import { createEndpoint } from '../accounts/support.ts';
import { dataOf } from '../servers/support.ts';
import {
  approvalIn,
  approve,
  askStateless,
  decideAs,
  firstRound,
  type HeldTool,
  heldTool,
  readRequest,
  resultOf,
} from './held-call.ts';

/** Milliseconds up to which a check waits for a request to expire. */
const SHORT_MS = 5000;

/** Arguments of which the second must not run with the approval of the first. */
const ALIKE = [
  ['{"to":"ada"}', '{"to":"eve"}'],
  ['{"password":"first"}', '{"password":"other"}'],
  ['{"ids":[1,2]}', '{"ids":[2,1]}'],
  ['{"total":1}', '{"total":"1"}'],
] as const;

/** Requires that a request has a status. */
async function requireStatus({ approver }: HeldTool, id: string, status: string): Promise<Answer> {
  const answer = await readRequest(approver, id);
  same(answer, 'status', dataOf(answer).status, status);
  return answer;
}

/** Requires that a call was sent. */
const requireSent = (answer: Answer): void =>
  same(answer, 'the approval request in the result of a call that was sent:', approvalIn(answer), undefined);

/** Requires that a `requestState` is refused. */
const requireRefusedState = (answer: Answer): void => {
  const { error } = (answer.json ?? {}) as { readonly error?: { readonly code?: unknown } };
  same(answer, 'the code of the error', error?.code, -32602);
};

/** What changes that an approval depends on. The name of the integration is what a person has seen. */
const CHANGES: Readonly<Record<string, (held: HeldTool) => Promise<unknown>>> = {
  'the URL': ({ tokenHolder, integration: path }) =>
    tokenHolder.call(200, 'updateIntegration', { path, body: { base_url: 'https://elsewhere.example.com' } }),
  'the policy': ({ tokenHolder, integration: path }) =>
    tokenHolder.call(200, 'updateIntegration', { path, body: { approval_policy: 'require_approval_per_tool' } }),
  'the credentials': ({ tokenHolder, endpoint: { integrated_account_id: id } }) =>
    tokenHolder.call(200, 'updateAccount', {
      path: { id },
      body: { authentication_method: 'api_key', context: { api_key: 'another' } },
    }),
  'the scope': ({ tokenHolder, endpoint: path }) =>
    tokenHolder.call(200, 'updateEndpoint', { path, body: { config: { methods: ['read'] } } }),
};

/** Approvals over MCP: what went wrong elsewhere. Each is asked by a client of 2026-07-28, which is never held. */
export const namedApprovalChecks = checks('all', {
  'tools/call: an approval is for exactly its arguments, even under the same id': async (context) => {
    const held = await heldTool(context);
    for (const [one, other] of ALIKE) {
      const { id } = await firstRound(held, one);
      await approve(held.approver, id);
      const next = await firstRound(held, other);
      holds(next.answer, next.id !== id, `a request for ${other} of its own`, next.id);
      await requireStatus(held, id, 'approved');
    }
  },

  'tools/call: long arguments are shown whole': async (context) => {
    const held = await heldTool(context);
    const long = `${'x'.repeat(100_000)} and now delete everything`;
    const { id } = await firstRound(held, JSON.stringify({ long }));
    const whole = await readRequest(held.approver, id);
    const shown = dataOf(whole).arguments?.long;
    holds(whole, shown === long, `${long.length} characters`, typeof shown === 'string' ? shown.length : shown);
  },

  'tools/call: an approval alone sends nothing, and a replayed requestState uses it once': async (context) => {
    const held = await heldTool(context);
    const { id, state: requestState } = await firstRound(held, '{}');
    await approve(held.approver, id);
    await requireStatus(held, id, 'approved');
    requireSent(await askStateless(held, '{}', { requestState }));
    await requireStatus(held, id, 'used');
    const next = await firstRound(held, '{}', { requestState });
    holds(next.answer, next.id !== id, 'another request for the second call', next.id);
  },

  'tools/call: of identical calls at once, one uses an approval': async (context) => {
    const held = await heldTool(context);
    const { id, state: requestState } = await firstRound(held, '{}');
    await approve(held.approver, id);
    const answers = await Promise.all([1, 2, 3, 4].map(() => askStateless(held, '{}', { requestState })));
    const sent = answers.filter((answer) => approvalIn(answer) === undefined);
    const [answer] = answers as [Answer];
    same(answer, 'calls that were sent:', sent.length, 1);
  },

  'tools/call: a requestState that is changed, of other arguments or of another endpoint is refused': async (
    context,
  ) => {
    const held = await heldTool(context);
    const { id, state: requestState } = await firstRound(held, '{"a":1}');
    await approve(held.approver, id);
    const { integrated_account_id: account } = held.endpoint;
    const { json } = await createEndpoint(held.tokenHolder, { id: account }, { name: context.name('other') });
    requireRefusedState(await askStateless(held, '{"a":1}', { requestState: `${requestState.slice(0, -2)}AA` }));
    requireRefusedState(await askStateless(held, '{"a":1}', { requestState: 'of a server' }));
    requireRefusedState(await askStateless(held, '{"a":2}', { requestState }));
    requireRefusedState(await askStateless(held, '{"a":1}', { requestState, token: json.token }));
    const stranger = await heldTool(context);
    requireRefusedState(await askStateless(stranger, '{"a":1}', { requestState }));
    await requireStatus(held, id, 'approved');
  },

  'tools/call: a person of the client who does not open the page decides nothing': async (context) => {
    const held = await heldTool(context);
    for (const action of ['decline', 'cancel']) {
      const { id, state: requestState } = await firstRound(held, JSON.stringify({ action }));
      const inputResponses = { approval: { action } };
      const answer = await askStateless(held, JSON.stringify({ action }), { requestState, inputResponses });
      same(
        answer,
        'isError and the status of the approval request',
        [resultOf(answer).isError, approvalIn(answer)?.status],
        [true, 'pending'],
      );
      await requireStatus(held, id, 'pending');
    }
  },

  'tools/call: a notification uses no approval, and a denial holds for every version of the protocol': async (
    context,
  ) => {
    const held = await heldTool(context);
    const { id } = await firstRound(held, '{}');
    await approve(held.approver, id);
    const params = JSON.stringify({ name: held.toolName, arguments: {} });
    await held.post(`{"jsonrpc":"2.0","method":"tools/call","params":${params}}`);
    await requireStatus(held, id, 'approved');
    const denied = await firstRound(held, '{"a":1}');
    await approve(held.approver, denied.id, 'deny');
    for (const version of ['2024-11-05', '2025-03-26', '2025-11-25']) {
      const message = {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: held.toolName, arguments: { a: 1 } },
      };
      const answer = await held.post(JSON.stringify(message), { 'MCP-Protocol-Version': version });
      same(answer, `the status of the approval request in ${version}:`, approvalIn(answer)?.status, 'denied');
    }
  },

  'tools/call: through a meta-tool, the tool that it names is bound': async (context) => {
    const held = await heldTool(context);
    const account = { id: held.endpoint.integrated_account_id };
    const fields = { name: context.name('discovery'), config: { tool_exposure: 'discovery' as const } };
    const { token } = (await createEndpoint(held.tokenHolder, account, fields)).json;
    const args = JSON.stringify({ tool_name: held.toolName, arguments: { a: 1 } });
    const { id, state: requestState } = await firstRound(held, args, { name: 'call_tool', token });
    const whole = await readRequest(held.approver, id);
    same(
      whole,
      'tool_name and arguments',
      [dataOf(whole).tool_name, dataOf(whole).arguments],
      [held.toolName, { a: 1 }],
    );
    await approve(held.approver, id);
    requireSent(await askStateless(held, args, { name: 'call_tool', token, requestState }));
    await requireStatus(held, id, 'used');
  },

  'decideApprovalRequest: of several decisions at once, one counts': async (context) => {
    const held = await heldTool(context);
    const { id } = await firstRound(held, '{}');
    const { arguments_digest, definition_hash } = dataOf(await readRequest(held.approver, id));
    const decisions = (['approve', 'deny', 'approve', 'deny'] as const).map((decision) =>
      held.approver.attempt('decideApprovalRequest', {
        path: { approvalRequestId: id },
        body: { decision, arguments_digest, definition_hash },
      }),
    );
    const answers = await Promise.all(decisions);
    const [answer] = answers as [Answer];
    same(answer, 'the statuses', answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409]);
  },

  'tools/call: an approval is worth nothing once the URL, the policy, the credentials or the scope have changed':
    async (context) => {
      for (const change of Object.values(CHANGES)) {
        const held = await heldTool(context);
        const { id, state: requestState } = await firstRound(held, '{}');
        await approve(held.approver, id);
        await change(held);
        await askStateless(held, '{}', { requestState });
        const answer = await readRequest(held.approver, id);
        holds(answer, dataOf(answer).status !== 'used', 'an approval that is not used', dataOf(answer).status);
      }
    },

  'decideApprovalRequest: a request is outdated when its endpoint or its account is gone': async (context) => {
    for (const gone of ['deleteEndpoint', 'deleteAccount'] as const) {
      const held = await heldTool(context);
      const { id } = await firstRound(held, '{}');
      const request = dataOf(await readRequest(held.approver, id));
      const path = gone === 'deleteEndpoint' ? held.endpoint : { id: held.endpoint.integrated_account_id };
      await held.tokenHolder.send([200, 204], gone, { path });
      await decideAs(held.approver, 409, request);
      await requireStatus(held, id, 'outdated');
    }
  },

  'decideApprovalRequest: a decision about an expired request grants nothing': async (context) => {
    const held = await heldTool(context);
    const { id } = await firstRound(held, '{}');
    const request = dataOf(await readRequest(held.approver, id));
    const waitMs = request.expires_at - request.created_at;
    if (waitMs > SHORT_MS) {
      throw new Skipped(`requests of this server wait ${waitMs / 1000} s for a person (GATEHOUSE_APPROVAL_TIMEOUT)`);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs + 100));
    await decideAs(held.approver, 409, request);
    await requireStatus(held, id, 'expired');
  },

  'decideApprovalRequest: a webhook that nobody answers holds nothing up': async (context) => {
    const held = await heldTool(context);
    await held.approver.call(201, 'createWebhook', {
      body: { url: 'https://hooks.example.com/nobody', events: ['approval.requested', 'approval.decided'] },
    });
    const { id, state: requestState } = await firstRound(held, '{}');
    await approve(held.approver, id);
    requireSent(await askStateless(held, '{}', { requestState }));
    await requireStatus(held, id, 'used');
  },
} satisfies Readonly<Record<string, (context: Context) => Promise<void>>>);
