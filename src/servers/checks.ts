import { isDeepStrictEqual } from 'node:util';
import { requireGuarded } from '../approvals/guarded-places.ts';
import { isOverride } from '../approvals/request-overrides.ts';
import { requirePermission, type ServersCaller } from '../base/caller.ts';
import { invalidValue } from '../base/errors.ts';
import { holdsBack } from '../contract/approval-policies.ts';
import { SCHEMES_BY_TRANSPORT, TRANSPORTS_BY_WORD } from '../runtime/connectable.ts';
import type { Server } from '../store/servers.ts';
import type { Db } from '../store/store.ts';

/** The maximum size of all names and values of the headers of a server, in bytes. */
const MAX_HEADER_BYTES = 64 * 1024;

/** Throws if headers exceed the maximum size, because a page of servers is one answer. */
export function requireRoom(headers: Readonly<Record<string, string>> = {}): void {
  const bytes = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
  if (bytes > MAX_HEADER_BYTES) {
    const message = `names and values must not have more than ${MAX_HEADER_BYTES} bytes in all`;
    throw invalidValue(['requestHeaders'], message, 'size');
  }
}

/** Throws if the transport does not support the scheme of the URL. */
export function requireDialable({ transport, url }: Pick<Server, 'transport' | 'url'>): void {
  const schemes = SCHEMES_BY_TRANSPORT[TRANSPORTS_BY_WORD[transport]];
  if (!schemes.includes(new URL(url).protocol)) {
    const wanted = schemes.map((scheme) => scheme.slice(0, -1)).join(', ');
    throw invalidValue(['url'], `the transport ${transport} takes ${wanted} URLs only`, 'scheme');
  }
}

type ApprovalRules = Pick<Server, 'approvalPolicy' | 'requiredApprovals'>;

/**
 * Throws unless the caller may change which calls run without approval, and may let fewer people approve a call: agents
 * that call tools must not approve their own calls.
 */
export function requireMayDecide(caller: ServersCaller, before: ApprovalRules, after: ApprovalRules): void {
  if (before.approvalPolicy !== after.approvalPolicy || after.requiredApprovals < before.requiredApprovals) {
    requirePermission(caller, 'approvals');
  }
}

/**
 * Throws unless the caller may make a change. Without approvals, a new place is another server whose calls run at
 * once, so the move requires the permission `approvals`.
 */
export async function requireMayChange(db: Db, caller: ServersCaller, before: Server, after: Server): Promise<void> {
  requireMayDecide(caller, before, after);
  if (isMoved(before, after) && !holdsBack(before.approvalPolicy)) {
    requirePermission(caller, 'approvals');
  }
  await requireGuarded(db, caller, before, after);
}

/** Whether a change sends the requests of a server to another place. */
export const isMoved = (before: Server, after: Server): boolean =>
  after.url !== before.url ||
  after.transport !== before.transport ||
  !isDeepStrictEqual(overridesOf(before), overridesOf(after));

/** Returns the headers that change the destination or method of a request: to change them is to move the server. */
const overridesOf = ({ requestHeaders }: Server): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(requestHeaders).filter(([name]) => isOverride(name)));
