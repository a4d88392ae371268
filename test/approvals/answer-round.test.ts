import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { admit } from '../../src/approvals/admission.ts';
import { type AnsweredRound, answerRound } from '../../src/approvals/answer-round.ts';
import { type ApprovalWaits, createApprovalWaits } from '../../src/approvals/approval-waits.ts';
import { DECISION_VALID_MS, decideApprovalRequest } from '../../src/approvals/decide-approval-request.ts';
import { type ExactCall, writeArguments } from '../../src/approvals/exact-call.ts';
import { NotSent } from '../../src/base/not-sent.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as servers from '../../src/store/servers.ts';
import type { Store } from '../../src/store/store.ts';
import { timeOf } from '../../src/store/time.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { accountOf, anEndpoint, anOrganization, aServer } from '../store/support/samples.ts';
import { NO_QUOTAS } from '../support/quotas.ts';
import { anExactCall } from './support/exact-call.ts';

const ALIVE = new AbortController().signal;

onBothEngines(({ shared }) => {
  let store: Store;
  let approvalWaits: ApprovalWaits;
  beforeAll(async () => {
    store = await shared();
    approvalWaits = createApprovalWaits({ store, log: pino({ level: 'silent' }), longestMs: DECISION_VALID_MS });
  });
  afterAll(() => approvalWaits.close());

  /** A call whose approval is used, and what answers a question of its server. */
  async function usedCall() {
    const organizationId = await anOrganization(store);
    const server = aServer(organizationId) as servers.Server;
    const endpoint = anEndpoint(accountOf(server));
    await store.write(async (db) => {
      await servers.insert(db, server);
      await endpoints.insert(db, endpoint);
    });
    const call = anExactCall(server, endpoint, { x: 1 });
    const deps = { store, ids: { uuid: randomUUID }, approvalWaits, approvalTimeoutMs: 300_000, quotas: NO_QUOTAS };
    const asked = await admit(deps, call, null, ALIVE);
    if (asked.kind !== 'waits') {
      throw new Error('it does not wait');
    }
    const caller = { kind: 'key_pair', id: 'a', name: 'Ada', organizationId, permissions: ['approvals'] } as const;
    const fields = { ...asked.request, decision: 'approve', reason: null, remember: null } as const;
    await decideApprovalRequest(deps, caller, asked.request.id, fields);
    expect((await admit(deps, call, null, ALIVE)).kind).toBe('approved');
    const until = (await timeOf(store.read)) + 60_000;
    const of = { requestId: asked.request.id, round: 1, answers: { name: 'Ada' }, until, isOwn: false };
    return {
      endpoint,
      answer: (more: Partial<AnsweredRound> = {}, changed: Partial<ExactCall> = {}, signal = ALIVE) =>
        answerRound(
          { store, callAudit: { withArguments: false } },
          { ...call, ...changed },
          { ...of, ...more },
          signal,
        ),
    };
  }
  const APPROVED = { kind: 'approved', args: { x: 1 } };

  it('a round is used once, in its order; the call that has used it may be decided again', async () => {
    const { answer } = await usedCall();
    expect(await answer({ round: 2 })).toBe('changed');
    const answers = await Promise.all([answer(), answer(), answer()]);
    expect(answers.filter((one) => one === 'answered')).toHaveLength(2);
    expect(answers).toContainEqual(expect.objectContaining(APPROVED));
    expect(await answer({ isOwn: true })).toMatchObject(APPROVED);
    expect(await answer({ round: 2 })).toMatchObject(APPROVED);
    expect(await answer({ isOwn: true })).toBe('answered');
  });

  it('neither a client that is gone nor one that is late uses a round', async () => {
    const { answer } = await usedCall();
    await expect(answer({}, {}, AbortSignal.abort(new Error('The client is gone.')))).rejects.toThrow('is gone');
    expect(await answer({ until: await timeOf(store.read) })).toBe('late');
    expect(await answer()).toMatchObject(APPROVED);
  });

  it('a round of another call, or after a change, does not count', async () => {
    const { answer, endpoint } = await usedCall();
    const changes: Partial<ExactCall>[] = [
      { definitionHash: 'e'.repeat(64) },
      { policy: 'require_approval_per_tool' },
      { requiredApprovals: 2 },
      { written: writeArguments({ x: 2 }) },
      { definition: { name: 'other' } },
    ];
    for (const change of changes) {
      expect(await answer({}, change)).toBe('changed');
    }
    expect(await answer({ requestId: randomUUID() })).toBe('changed');
    await store.write((db) => endpoints.remove(db, endpoint, endpoint.id));
    await expect(answer()).rejects.toThrow(NotSent);
  });
});
