import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type KyselyPlugin, sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type Admission, type ApprovalDeps, admit, MAX_ENDED_BYTES } from '../../src/approvals/admission.ts';
import type { DecidedRequest } from '../../src/approvals/approval-facts.ts';
import { type ApprovalWaits, createApprovalWaits } from '../../src/approvals/approval-waits.ts';
import { DECISION_VALID_MS, decideApprovalRequest } from '../../src/approvals/decide-approval-request.ts';
import { eraseRequests } from '../../src/approvals/erase-requests.ts';
import { type ExactCall, writeArguments } from '../../src/approvals/exact-call.ts';
import type { KeyPairCaller } from '../../src/base/caller.ts';
import { ApiError } from '../../src/base/errors.ts';
import * as requests from '../../src/store/approval-requests.ts';
import * as endpoints from '../../src/store/endpoints.ts';
import * as servers from '../../src/store/servers.ts';
import type { Db, Store } from '../../src/store/store.ts';
import { timeOf } from '../../src/store/time.ts';
import * as toolApprovals from '../../src/store/tool-approvals.ts';
import { tooManyWaiting } from '../../src/store/write-shares.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { accountOf, anEndpoint, anOrganization, aServer } from '../store/support/samples.ts';
import { NO_QUOTAS } from '../support/quotas.ts';
import { anExactCall } from './support/exact-call.ts';

/** Sequences of steps, each with about five kills; `npm run soak` asks for 10,000 kills on each engine. */
const RUNS = Number(process.env.APPROVAL_RUNS ?? 25);
const TIMEOUT_MS = 300_000;
const DAY = 24 * 60 * 60 * 1000;

type Tenant = {
  readonly deps: ApprovalDeps & { readonly approvalWaits: ApprovalWaits };
  readonly clock: { now: number };
  readonly approver: KeyPairCaller;
  readonly ask: (args?: ExactCall['args'], more?: Partial<ExactCall>, signal?: AbortSignal) => Promise<Admission>;
  readonly approve: (
    admission: Admission,
    decision?: 'approve' | 'deny',
    by?: string,
    remember?: { until: number | null } | null,
  ) => Promise<DecidedRequest>;
  readonly change: () => Promise<void>;
  readonly statusOf: (id: string) => Promise<string | undefined>;
  /** The request of the call with these arguments that waits, as a person finds it in the list. */
  readonly pending: (call: number) => Promise<requests.ApprovalRequest | undefined>;
};

const requestOf = (admission: Admission): requests.ApprovalRequest => {
  if (admission.kind === 'approved') {
    throw new Error('it was approved');
  }
  return admission.request;
};

/** A store whose database has a clock of the test. */
function clocked(store: Store, clock: { readonly now: number }): Store {
  const timed = (db: Db): Db => ({ ...db, time: () => sql<number>`${clock.now}` });
  return { ...store, read: timed(store.read), writeFor: (id, fn) => store.writeFor(id, (db) => fn(timed(db))) };
}

/** The program was killed. */
class Killed extends Error {}

/** Nobody learns the result of what a kill has cut off. */
function killed(error: unknown): undefined {
  if (!(error instanceof Killed)) {
    throw error;
  }
}

/** A store whose next transaction of an organization is cut off, by a kill after so many statements, or `after` it. */
function killable(store: Store) {
  let wasUndone = false;
  const killer = {
    cut: null as number | 'after' | null,
    /** Whether the last transaction was cut off before it was durable. */
    isUndone: () => wasUndone,
    store: {
      ...store,
      writeFor: async <T>(id: string, fn: (db: Db) => Promise<T>): Promise<T> => {
        const { cut } = killer;
        wasUndone = false;
        let left = typeof cut === 'number' ? cut : Number.POSITIVE_INFINITY;
        const plugin: KyselyPlugin = {
          transformQuery: ({ node }) => {
            left -= 1;
            if (left < 0) {
              wasUndone = true;
              throw new Killed();
            }
            return node;
          },
          transformResult: async ({ result }) => result,
        };
        const result = await store.writeFor(id, (db) => fn({ ...db, sql: db.sql.withPlugin(plugin) }));
        if (cut === 'after') {
          throw new Killed();
        }
        return result;
      },
    } satisfies Store,
  };
  return killer;
}

async function aTenant(real: Store): Promise<Tenant> {
  const clock = { now: Date.UTC(2026, 10, 30) };
  const store = clocked(real, clock);
  const organizationId = await anOrganization(store);
  let server = aServer(organizationId) as servers.Server;
  const endpoint = anEndpoint(accountOf(server));
  await store.write(async (db) => {
    server = await servers.insert(db, server);
    await endpoints.insert(db, endpoint);
  });
  const log = pino({ level: 'silent' });
  const approvalWaits = createApprovalWaits({ store, log, longestMs: DECISION_VALID_MS });
  const deps = {
    store,
    ids: { uuid: randomUUID },
    approvalWaits,
    approvalTimeoutMs: TIMEOUT_MS,
    quotas: NO_QUOTAS,
  };
  const approver: KeyPairCaller = {
    kind: 'key_pair',
    id: 'a',
    name: 'Ada',
    organizationId,
    permissions: ['approvals'],
  };
  return {
    deps,
    clock,
    approver,
    ask: (args = { x: 1 }, more = {}, signal = new AbortController().signal) =>
      admit(deps, { ...anExactCall(server, endpoint, args), ...more }, null, signal),
    approve: (admission, decision = 'approve', by = approver.id, remember = null) => {
      const { id, argumentsDigest, definitionHash } = requestOf(admission);
      const caller = { ...approver, id: by, name: by };
      return decideApprovalRequest(deps, caller, id, {
        decision,
        argumentsDigest,
        definitionHash,
        reason: null,
        remember,
      });
    },
    change: async () => {
      const updated = await store.write((db) => servers.update(db, server, server.version));
      server = updated ?? server;
    },
    pending: async (call) => {
      const query = { status: 'pending', offset: 0, limit: 10 } as const;
      const found = await requests.page(store.read, organizationId, query, clock.now);
      const { digest } = writeArguments({ call });
      return found.find(({ argumentsDigest }) => argumentsDigest === digest);
    },
    statusOf: async (id) => (await requests.find(store.read, organizationId, id, clock.now))?.status,
  };
}

onBothEngines(({ engine, open, shared }) => {
  it('identical calls join one request, and one of them uses its approval', async () => {
    const { ask, approve, statusOf } = await aTenant(await shared());
    const asked = await Promise.all(Array.from({ length: 10 }, () => ask()));
    expect(new Set(asked.map((admission) => requestOf(admission).id)).size).toBe(1);
    const [first] = asked as [Admission];
    await approve(first);
    const used = await Promise.all(Array.from({ length: 10 }, () => ask()));
    expect(used.filter(({ kind }) => kind === 'approved')).toHaveLength(1);
    expect(await statusOf(requestOf(first).id)).toBe('used');
  });

  it('requests of an organization that has too many changes waiting hold up those of no other', async () => {
    const store = await shared();
    const [busy, other] = [await aTenant(store), await aTenant(store)];
    const [first, second] = [await busy.ask(), await other.ask()];
    const waits = createApprovalWaits({
      store: {
        ...store,
        writeFor: (organizationId, fn) =>
          organizationId === busy.approver.organizationId
            ? Promise.reject(tooManyWaiting())
            : store.writeFor(organizationId, fn),
      },
      log: pino({ level: 'silent' }),
      longestMs: DECISION_VALID_MS,
    });
    waits.expectExpiry(requestOf(second).expiresAt, 0);
    const stored = (admission: Admission) =>
      store.read.sql
        .selectFrom('approval_requests')
        .select('status')
        .where('id', '=', requestOf(admission).id)
        .executeTakeFirst();
    await expect.poll(() => stored(second), { timeout: 10_000 }).toEqual({ status: 'expired' });
    expect(await stored(first)).toEqual({ status: 'pending' });
    await waits.close();
  });

  it('a client that is gone uses no approval', async () => {
    const { ask, approve, statusOf } = await aTenant(await shared());
    const asked = await ask();
    await approve(asked);
    await expect(ask({ x: 1 }, {}, AbortSignal.abort(new Error('The client is gone.')))).rejects.toThrow('is gone');
    expect(await statusOf(requestOf(asked).id)).toBe('approved');
    expect((await ask()).kind).toBe('approved');
  });

  it('an approval that one call has used is still its own until it is sent', async () => {
    const { ask, approve, deps } = await aTenant(await shared());
    const asked = await ask();
    await approve(asked);
    const used = await ask();
    const { id } = requestOf(asked);
    expect(used).toMatchObject({ kind: 'approved', requestId: id, args: { x: 1 } });
    const call = {
      ...(requestOf(asked) as unknown as ExactCall),
      definition: { name: 'write' },
      written: writeArguments({ x: 1 }),
    };
    const again = (isUsed: boolean) =>
      admit(deps, { ...call, policy: 'require_approval_all' }, { requestId: id, isUsed }, new AbortController().signal);
    expect(await again(true)).toMatchObject({ kind: 'approved', requestId: id });
    expect(await again(false)).toMatchObject({ kind: 'refused', request: { id, status: 'used' } });
  });

  it.each<[string, Partial<ExactCall>]>([
    ['the hash of the definition', { definitionHash: 'e'.repeat(64) }],
    ['the policy', { policy: 'require_approval_per_tool' }],
  ])('a change of %s outdates the request', async (_, more) => {
    const { ask, approve, statusOf } = await aTenant(await shared());
    const asked = await ask();
    await approve(asked);
    expect((await ask({ x: 1 }, more)).kind).toBe('waits');
    expect(await statusOf(requestOf(asked).id)).toBe('outdated');
  });

  it('runs once as many different approvers have approved it as it needs, and not before', async () => {
    const { ask, approve, clock } = await aTenant(await shared());
    const needsThree = () => ask({ x: 1 }, { requiredApprovals: 3 });
    const asked = await needsThree();
    expect(await approve(asked, 'approve', 'a')).toMatchObject({ status: 'pending', usableUntil: null });
    await expect(approve(asked, 'approve', 'a')).rejects.toThrow(
      /^You \(a\) have approved .* 1 of 3 approvals are there/,
    );
    await expect(approve(asked, 'deny', 'a')).rejects.toThrow('nothing was decided now');
    clock.now += TIMEOUT_MS - 1;
    expect(await approve(asked, 'approve', 'b')).toMatchObject({ status: 'pending' });
    expect((await needsThree()).kind).toBe('waits');
    const decided = await approve(asked, 'approve', 'c');
    expect(decided).toMatchObject({ status: 'approved', usableUntil: clock.now + DECISION_VALID_MS });
    expect(decided.decisions.map(({ by }) => by.id)).toEqual(['a', 'b', 'c']);
    expect((await needsThree()).kind).toBe('approved');
    expect((await needsThree()).kind).toBe('waits');
  });

  it('of two approvers at once, both count, and the call runs once', async () => {
    const { ask, approve } = await aTenant(await shared());
    const asked = await ask({ x: 1 }, { requiredApprovals: 2 });
    const decided = await Promise.all(['a', 'b'].map((by) => approve(asked, 'approve', by)));
    expect(decided.map(({ status }) => status).sort()).toEqual(['approved', 'pending']);
    const used = await Promise.all(Array.from({ length: 5 }, () => ask({ x: 1 }, { requiredApprovals: 2 })));
    expect(used.filter(({ kind }) => kind === 'approved')).toHaveLength(1);
  });

  it('one denial denies what another has approved, and a request with some of its approvals expires', async () => {
    const { ask, approve, statusOf, clock } = await aTenant(await shared());
    const [denied, late] = [
      await ask({ x: 1 }, { requiredApprovals: 2 }),
      await ask({ x: 2 }, { requiredApprovals: 2 }),
    ];
    await approve(denied, 'approve', 'a');
    await approve(late, 'approve', 'a');
    expect((await ask({ x: 1 }, { requiredApprovals: 2 })).kind).toBe('waits');
    expect(await approve(denied, 'deny', 'b')).toMatchObject({ status: 'denied' });
    await expect(approve(denied, 'approve', 'c')).rejects.toThrow(/was denied by b at [^,]*, and nothing/);
    clock.now += TIMEOUT_MS;
    await expect(approve(late, 'approve', 'b')).rejects.toThrow('nothing was decided. 1 of 2 approvals are there.');
    expect(await statusOf(requestOf(late).id)).toBe('expired');
  });

  it('fewer needed approvals outdate what was asked before', async () => {
    const { ask, approve, statusOf } = await aTenant(await shared());
    const asked = await ask({ x: 1 }, { requiredApprovals: 2 });
    await approve(asked, 'approve', 'a');
    expect((await ask()).kind).toBe('waits');
    expect(await statusOf(requestOf(asked).id)).toBe('outdated');
  });

  it('a tool approval for another definition is kept with the request, and outdates it when it ends or comes', async () => {
    const store = await shared();
    const { ask, approve, statusOf, clock, approver } = await aTenant(store);
    const first = requestOf(await ask());
    const key = { organizationId: approver.organizationId, accountId: first.accountId, toolName: 'write' };
    const decision = { approvalHash: 'e'.repeat(64), autoApprove: true, createdAt: 1, expiresAt: clock.now + 1000 };
    await store.write((db) =>
      toolApprovals.upsert(db, { ...key, ...decision, definition: '{"name":"write","was":1.0}' }),
    );
    const pinnedOf = async ({ id, organizationId }: requests.ApprovalRequest) =>
      (await requests.contents(store.read, organizationId, id))?.pinned;
    const asked = await ask();
    const second = requestOf(asked);
    expect([await pinnedOf(first), await pinnedOf(second)]).toEqual([null, '{"name":"write","was":1.0}']);
    expect(await requests.contentBytes(store.read, key.organizationId, second.id)).toBeGreaterThan(
      await requests.contentBytes(store.read, key.organizationId, first.id),
    );
    await approve(asked);
    clock.now += 1000;
    const third = requestOf(await ask());
    expect([third.status, await pinnedOf(third), await pinnedOf(second)]).toEqual([
      'pending',
      null,
      '{"name":"write","was":1.0}',
    ]);
    expect([await statusOf(first.id), await statusOf(second.id)]).toEqual(['outdated', 'outdated']);
  });

  describe('remembering the tool', () => {
    const ofTenant = ({ approver }: Tenant, admission: Admission) => ({
      organizationId: approver.organizationId,
      accountId: requestOf(admission).accountId,
    });

    it('approves the definition that the approver saw until a time, and keeps the approval of the call', async () => {
      const tenant = await aTenant(await shared());
      const { ask, approve, clock } = tenant;
      const asked = await ask();
      await approve(asked, 'approve', 'a', { until: clock.now + 1000 });
      const { read } = await shared();
      expect(await toolApprovals.list(read, ofTenant(tenant, asked))).toEqual([
        {
          ...ofTenant(tenant, asked),
          toolName: 'write',
          approvalHash: 'd'.repeat(64),
          autoApprove: true,
          createdAt: clock.now,
          expiresAt: clock.now + 1000,
        },
      ]);
      const kept = await toolApprovals.otherDefinition(read, ofTenant(tenant, asked), 'write', {
        hash: 'e'.repeat(64),
        now: clock.now,
      });
      expect(kept).toBe('{"name":"write"}');
      expect((await ask()).kind).toBe('approved');
    });

    it.each<[string, Partial<ExactCall>, { until: number | null }, string]>([
      ['a time that is over', {}, { until: 1 }, 'must lie ahead of'],
      ['several approvers', { requiredApprovals: 2 }, { until: null }, 'needs 2 approvals, and nothing was decided'],
      ['a name like a folder', { definition: { name: '..' } }, { until: null }, 'cannot have a tool approval'],
      ['a long name', { definition: { name: 'x'.repeat(257) } }, { until: null }, 'cannot have a tool approval'],
    ])('refuses %s, and decides nothing', async (_, more, remember, message) => {
      const tenant = await aTenant(await shared());
      const asked = await tenant.ask({ x: 1 }, more);
      const refusal = await tenant
        .approve(asked, 'approve', 'a', remember)
        .catch((error: unknown) => error as ApiError);
      const mistakes = 'mistakes' in refusal ? refusal.mistakes : [];
      expect([String(refusal), ...mistakes.map((mistake) => mistake.message)].join()).toContain(message);
      expect(await tenant.statusOf(requestOf(asked).id)).toBe('pending');
      expect(await toolApprovals.list((await shared()).read, ofTenant(tenant, asked))).toEqual([]);
    });

    it('saves nothing with a decision that is refused', async () => {
      const tenant = await aTenant(await shared());
      const asked = await tenant.ask();
      await tenant.change();
      await expect(tenant.approve(asked, 'approve', 'a', { until: null })).rejects.toThrow('Something has changed');
      expect(await toolApprovals.list((await shared()).read, ofTenant(tenant, asked))).toEqual([]);
    });
  });

  it('times are those of the database on PostgreSQL, and those of the process on SQLite, whatever the other clock says', async () => {
    const wrong = Date.UTC(2001, 0, 1);
    const store = await open({ now: () => wrong });
    const organizationId = await anOrganization(store);
    const server = aServer(organizationId);
    const endpoint = anEndpoint(accountOf(server));
    await store.write(async (db) => {
      await servers.insert(db, server);
      await endpoints.insert(db, { ...endpoint, expiresAt: null });
    });
    const before = await timeOf(store.read);
    expect(Math.abs(before - (engine === 'postgres' ? Date.now() : wrong))).toBeLessThan(60_000);
    const approvalWaits = createApprovalWaits({ store, log: pino({ level: 'silent' }), longestMs: DECISION_VALID_MS });
    const deps = { store, ids: { uuid: randomUUID }, approvalWaits, approvalTimeoutMs: TIMEOUT_MS, quotas: NO_QUOTAS };
    const call = anExactCall(server, endpoint);
    const { createdAt, expiresAt, id, ...seen } = requestOf(
      await admit(deps, call, null, new AbortController().signal),
    );
    const caller = { kind: 'key_pair', id: 'a', name: 'Ada', organizationId, permissions: ['approvals'] } as const;
    const fields = { ...seen, decision: 'approve', reason: null, remember: null } as const;
    const decided = await decideApprovalRequest(deps, caller, id, fields);
    const after = await timeOf(store.read);
    expect(createdAt).toBeGreaterThanOrEqual(before);
    expect(decided.decidedAt).toBeGreaterThanOrEqual(createdAt);
    expect(after).toBeGreaterThanOrEqual(decided.decidedAt ?? 0);
    expect([expiresAt, decided.usableUntil]).toEqual([
      createdAt + TIMEOUT_MS,
      (decided.decidedAt ?? 0) + DECISION_VALID_MS,
    ]);
    expect((await admit(deps, call, null, new AbortController().signal)).kind).toBe('approved');
    await approvalWaits.close();
  });

  it('names that a database cannot store are replaced where they are kept', async () => {
    const store = await shared();
    const { ask, approve, approver } = await aTenant(store);
    const { accountId } = requestOf(await ask());
    const { organizationId } = approver;
    const other = { organizationId, accountId, toolName: 'a\ufffdb\ufffd', createdAt: 1, expiresAt: null };
    const decision = { approvalHash: 'e'.repeat(64), autoApprove: true, definition: '{"name":"other"}' };
    await store.write((db) => toolApprovals.upsert(db, { ...other, ...decision }));
    const more = { definition: { name: 'a\0b\ud800' } };
    const asked = await ask({ 'k\0': 'v\0\ud800' }, more);
    expect(requestOf(asked).toolName).toBe('a\ufffdb\ufffd');
    expect(await requests.contents(store.read, organizationId, requestOf(asked).id)).toMatchObject({ pinned: null });
    await approve(asked);
    expect(await ask({ 'k\0': 'v\0\ud800' }, more)).toMatchObject({ kind: 'approved' });
  });

  it('erases arguments 30 days after the decision, and forgets after a day what nobody has decided', async () => {
    const store = await shared();
    const { ask, approve, statusOf, clock, approver } = await aTenant(store);
    const [denied, silent] = [await ask(), await ask({ x: 2 })];
    const half = await ask({ x: 3 }, { requiredApprovals: 2 });
    await approve(half);
    await approve(denied, 'deny');
    clock.now += TIMEOUT_MS;
    // The next identical call stores that it has expired.
    await ask({ x: 2 });
    await ask({ x: 3 }, { requiredApprovals: 2 });
    await eraseRequests(store, clock.now + DAY + 1);
    expect(await statusOf(requestOf(silent).id)).toBeUndefined();
    expect(await statusOf(requestOf(half).id)).toBe('expired');
    const contents = () => requests.contents(store.read, approver.organizationId, requestOf(denied).id);
    expect((await contents())?.sealed).toBe('{"arguments":{"x":1}}');
    await eraseRequests(store, clock.now + 30 * DAY + 1);
    expect(await contents()).toEqual({ definition: '{"name":"write"}', pinned: null, sealed: null });
    expect(await statusOf(requestOf(denied).id)).toBe('denied');
  });

  it('keeps no more of what has ended than an organization may have, the latest, and decisions apart', async () => {
    const store = await shared();
    const { ask, approve, statusOf, clock } = await aTenant(store);
    const hold = (admission: Admission, bytes: number) =>
      store.write(({ sql }) =>
        sql
          .updateTable('approval_requests')
          .set({ held_bytes: bytes })
          .where('id', '=', requestOf(admission).id)
          .execute(),
      );
    const outdated: Admission[] = [];
    const denied = await ask({ denied: true });
    await approve(denied, 'deny');
    await hold(denied, MAX_ENDED_BYTES.undecided + 1);
    for (let count = 0; count < 4; count += 1) {
      outdated.push(await ask({ x: 1 }, { definitionHash: String(count).repeat(64) }));
      await hold(outdated.at(-1) as Admission, MAX_ENDED_BYTES.undecided / 2);
      clock.now += 1;
    }
    await ask({ last: true });
    // Three have ended, of which two are as much as is kept; the fourth waits.
    expect(await Promise.all([denied, ...outdated].map((one) => statusOf(requestOf(one).id)))).toEqual([
      'denied',
      undefined,
      'outdated',
      'outdated',
      'pending',
    ]);
    await hold(denied, MAX_ENDED_BYTES.decided + 1);
    await ask({ last: 'again' });
    expect(await statusOf(requestOf(denied).id)).toBeUndefined();
  });

  describe('whatever happens in whatever order, and whenever the program is killed', () => {
    /** Where a transaction is cut off: after so many statements, or when it is durable and nobody has its result. */
    const cut = fc.oneof(
      { weight: 3, arbitrary: fc.constant(null) },
      { weight: 2, arbitrary: fc.nat(12) },
      { weight: 1, arbitrary: fc.constant('after' as const) },
    );
    const step = fc.oneof(
      fc.record({ what: fc.constant('ask' as const), call: fc.nat(1), cut }),
      fc.record({
        what: fc.constantFrom('approve' as const, 'approve' as const, 'deny' as const),
        call: fc.nat(1),
        by: fc.constantFrom('a', 'b'),
        cut,
      }),
      fc.record({ what: fc.constant('wait' as const), ms: fc.constantFrom(1, TIMEOUT_MS, DECISION_VALID_MS) }),
      fc.record({ what: fc.constant('change' as const) }),
    );
    /** How many approvers each call needs. */
    const NEEDED = [1, 2] as const;
    /** The state of one call, as the documentation says it. */
    type Model = {
      readonly status: 'none' | 'pending' | 'approved' | 'denied';
      readonly until: number;
      readonly isOutdated: boolean;
      readonly approvers: readonly string[];
    };
    const NONE: Model = { status: 'none', until: 0, isOutdated: false, approvers: [] };
    const settle = (model: Model, now: number): Model => (model.until <= now ? NONE : model);

    const modelAsk = (model: Model, now: number): { readonly kind: Admission['kind']; readonly next: Model } => {
      const status = model.isOutdated ? 'none' : model.status;
      switch (status) {
        case 'approved':
          return { kind: 'approved', next: NONE };
        case 'denied':
          return { kind: 'refused', next: model };
        case 'pending':
          return { kind: 'waits', next: model };
        default:
          return { kind: 'waits', next: { ...NONE, status: 'pending', until: now + TIMEOUT_MS } };
      }
    };

    const modelDecide = (
      model: Model,
      { what, by, now, needed }: { what: 'approve' | 'deny'; by: string; now: number; needed: number },
    ): { readonly isDecided: boolean; readonly next: Model } => {
      if (model.status !== 'pending' || model.approvers.includes(by)) {
        return { isDecided: false, next: model };
      }
      if (model.isOutdated) {
        return { isDecided: false, next: NONE };
      }
      const until = now + DECISION_VALID_MS;
      if (what === 'deny') {
        return { isDecided: true, next: { ...model, status: 'denied', until } };
      }
      const approvers = [...model.approvers, by];
      const ending = approvers.length >= needed ? ({ status: 'approved', until } as const) : {};
      return { isDecided: true, next: { ...model, approvers, ...ending } };
    };

    it('a call runs if and only if exactly it was approved, once, in time, and nothing has changed', {
      timeout: 60_000 + RUNS * 3000,
    }, async () => {
      const store = await shared();
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
          const killer = killable(store);
          const { ask, approve, change, clock, pending } = await aTenant(killer.store);
          const models: Model[] = [NONE, NONE];
          const yes = [0, 0];
          const runs = [0, 0];
          for (const one of steps) {
            if (one.what === 'wait') {
              clock.now += one.ms;
              continue;
            }
            if (one.what === 'change') {
              await change();
              models.forEach((model, call) => {
                models[call] = { ...model, isOutdated: true };
              });
              continue;
            }
            const { call } = one;
            const needed = NEEDED[call] ?? 1;
            const before = settle(models[call] ?? NONE, clock.now);
            killer.cut = one.cut;
            if (one.what === 'ask') {
              const { kind, next } = modelAsk(before, clock.now);
              const admission = await ask({ call }, { requiredApprovals: needed }).catch(killed);
              expect(admission?.kind ?? kind).toBe(kind);
              models[call] = killer.isUndone() ? before : next;
              runs[call] = (runs[call] ?? 0) + (admission?.kind === 'approved' ? 1 : 0);
            } else {
              const seen = await pending(call);
              const { isDecided, next } = modelDecide(before, { ...one, now: clock.now, needed });
              const decided =
                seen === undefined
                  ? false
                  : await approve({ kind: 'waits', request: seen }, one.what, one.by).then(
                      () => true,
                      (error: unknown) => (error instanceof ApiError ? false : killed(error)),
                    );
              expect(decided ?? isDecided).toBe(isDecided);
              models[call] = killer.isUndone() ? before : next;
              const isYes = models[call]?.status === 'approved' && before.status === 'pending';
              yes[call] = (yes[call] ?? 0) + (isYes ? 1 : 0);
            }
            killer.cut = null;
            // Whatever is lost in a kill: no yes is used twice, and nothing runs without one.
            expect(runs[call]).toBeLessThanOrEqual(yes[call] ?? 0);
          }
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
    });
  });
});
