import { hash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Caller, Person, SessionCaller } from '../base/caller.ts';
import { DAY_MS } from '../base/instants.ts';
import type { ActorKind } from '../contract/closed-words.ts';
import * as auditEvents from '../store/audit-events.ts';
import * as auditLog from '../store/audit-log.ts';
import * as callBounds from '../store/call-bounds.ts';
import * as callDays from '../store/call-days.ts';
import * as callTotals from '../store/call-totals.ts';
import { PURGE_SLICE_ROWS, purgeInSlices } from '../store/purge.ts';
import type { Db, Store } from '../store/store.ts';

/** Every change that is audited, as `noun.verb`. */
export type Action =
  | 'organization.created'
  | 'organization.deleted'
  | 'api_token.created'
  | 'api_token.deleted'
  | 'api_key.created'
  | 'api_key.deleted'
  | 'member.created'
  | 'member.deleted'
  | 'session.created'
  | 'session.deleted'
  | 'server.created'
  | 'server.updated'
  | 'server.deleted'
  | 'server.granted'
  | 'tool_approval.added'
  | 'tool_approval.revoked'
  | 'approval.requested'
  | 'approval.approved'
  | 'approval.denied'
  | 'approval.used'
  | 'approval.answered'
  | 'approval.expired'
  | 'approval.outdated'
  | 'webhook.created'
  | 'webhook.updated'
  | 'webhook.deleted'
  | 'webhook.secret_rotated'
  | 'webhook.disabled'
  | 'tool.changed'
  | 'integration.created'
  | 'integration.updated'
  | 'integration.deleted'
  | 'account.created'
  | 'account.updated'
  | 'account.deleted'
  | 'endpoint.created'
  | 'endpoint.updated'
  | 'endpoint.deleted';

/** The process itself as the actor: the first start has no other. */
export const GATEHOUSE = { kind: 'gatehouse', id: null, name: 'gatehouse' } as const;

/** An endpoint as the actor: a client has called one of its tools. */
type EndpointActor = { readonly kind: 'endpoint'; readonly id: string; readonly name: string };

/** The author of a change. */
export type Actor = Caller | Omit<SessionCaller, 'session'> | typeof GATEHOUSE | EndpointActor;

type TargetKind =
  | 'organization'
  | 'api_token'
  | 'api_key'
  | 'member'
  | 'session'
  | 'server'
  | 'tool'
  | 'integration'
  | 'account'
  | 'endpoint'
  | 'approval_request'
  | 'webhook';

/** One change, with its actor and target. `at` is in milliseconds since the epoch. */
export type Change = {
  readonly at: number;
  readonly actor: Actor;
  /** The organization of the change, if it is not the actor's own. */
  readonly organizationId?: string;
  readonly action: Action;
  readonly target: { readonly kind: TargetKind; readonly id: string };
  /** Details, never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
};

/** Characters of a name that others choose, such as a server that of a tool. */
const MAX_NAME_CHARS = 256;

/**
 * Prepares a foreign name for an event: cuts a long name and adds its hash to distinguish it. Also replaces NUL, which
 * PostgreSQL cannot store: otherwise the event would be lost.
 */
export function auditedName(name: string): string {
  const cut =
    name.length > MAX_NAME_CHARS
      ? `${name.slice(0, MAX_NAME_CHARS)}… sha256:${hash('sha256', name).slice(0, 16)}`
      : name;
  return cut.replaceAll('\0', '\ufffd').toWellFormed();
}

/** Writes a change to the audit log, in the transaction of the change: neither exists without the other. */
export async function audit(db: Db, { actor, details, target, ...change }: Change): Promise<void> {
  const ofActor = 'organizationId' in actor ? actor.organizationId : null;
  await auditEvents.insert(db, [
    {
      organizationId: ofActor,
      ...change,
      target: { ...target },
      actor: nameActor(actor),
      outcome: 'success',
      details: { ...details },
    },
  ]);
}

/** Names the author of a change: the person, where credentials were used through a session. */
function nameActor(actor: Actor): { kind: ActorKind; id: string | null; name: string } {
  const byPerson = ({ subject, name }: Person) => ({ kind: 'session', id: subject, name }) as const;
  if (actor.kind === 'member') {
    return byPerson(actor.person);
  }
  const { kind, id, name } = actor;
  const person = 'person' in actor ? actor.person : undefined;
  return person === undefined ? { kind, id, name } : byPerson(person);
}

/** Deletes events older than `days`, and counts of calls that are no longer kept, one slice per transaction. */
export async function purgeAudit(store: Store, now: number, days: number): Promise<void> {
  await purgeInSlices(store, (db) => auditLog.purge(db, now - days * DAY_MS));
  await purgeInSlices(store, (db) => callDays.purge(db, now));
}

/** Days for which tool calls are kept one by one. */
const CALL_DAYS = 7;
/** Milliseconds between two slices of a roll-up, which belong to those who wait for an answer. */
const SLICE_INTERVAL_MS = 20;

/** Turns tool calls older than seven days into daily totals, one slice per transaction. Rejects if aborted. */
export const rollUpCalls = ({ write }: Pick<Store, 'write'>, now: number, signal?: AbortSignal): Promise<void> =>
  inSlices(
    () => write((db) => callTotals.rollUp(db, now - CALL_DAYS * DAY_MS)),
    callTotals.ROLL_UP_SLICE_CALLS,
    signal,
  );

/**
 * Turns an organization's oldest tool calls beyond `most` into daily totals, and deletes its oldest daily totals beyond
 * the same number, one slice per transaction. Rejects if aborted.
 */
export async function boundCalls(
  { write, slowRead }: Pick<Store, 'write' | 'slowRead'>,
  most: number,
  signal?: AbortSignal,
): Promise<void> {
  for (const { organizationId, below } of await callBounds.beyond(slowRead, 'calls', most)) {
    const rollUp = () => write((db) => callTotals.rollUpBelow(db, below, organizationId));
    await inSlices(rollUp, callTotals.ROLL_UP_SLICE_CALLS, signal);
  }
  for (const beyond of await callBounds.beyond(slowRead, 'totals', most)) {
    await inSlices(() => write((db) => callBounds.purgeTotals(db, beyond)), PURGE_SLICE_ROWS, signal);
  }
}

/** Does a slice of work, which tells how large it was, until one is not full. */
async function inSlices(work: () => Promise<number>, full: number, signal?: AbortSignal): Promise<void> {
  while ((await work()) === full) {
    await pause(SLICE_INTERVAL_MS, undefined, { signal });
  }
}
