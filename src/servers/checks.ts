import { isDeepStrictEqual } from 'node:util';
import { requireGuarded } from '../approvals/guarded-places.ts';
import { isOverride } from '../approvals/overrides.ts';
import { type KeyPairCaller, requirePermission } from '../base/caller.ts';
import { invalidValue } from '../base/errors.ts';
import { holdsBack } from '../contract/approval-policies.ts';
import type { ApprovalPolicy } from '../contract/closed-words.ts';
import { SCHEMES_BY_TRANSPORT, TRANSPORTS_BY_WORD } from '../runtime/connectable.ts';
import type { Server } from '../store/servers.ts';
import type { Db } from '../store/store.ts';

/** Bytes of all names and values of the headers of a server. */
const MAX_HEADER_BYTES = 64 * 1024;

/** Throws where headers that are set take more than a server may have: a page of servers is one answer. */
export function requireRoom(headers: Readonly<Record<string, string>> = {}): void {
  const bytes = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
  if (bytes > MAX_HEADER_BYTES) {
    const message = `names and values must not have more than ${MAX_HEADER_BYTES} bytes in all`;
    throw invalidValue(['requestHeaders'], message, 'size');
  }
}

/** Throws where the scheme of a URL is none of its transport's. */
export function requireDialable({ transport, url }: Pick<Server, 'transport' | 'url'>): void {
  const schemes = SCHEMES_BY_TRANSPORT[TRANSPORTS_BY_WORD[transport]];
  if (!schemes.includes(new URL(url).protocol)) {
    const wanted = schemes.map((scheme) => scheme.slice(0, -1)).join(', ');
    throw invalidValue(['url'], `the transport ${transport} takes ${wanted} URLs only`, 'scheme');
  }
}

/** Who asks must not be who approves: what runs without a person is changed only by somebody who may approve. */
export function requireMayDecide(caller: KeyPairCaller, before: ApprovalPolicy, after: ApprovalPolicy): void {
  if (before !== after) {
    requirePermission(caller, 'approvals');
  }
}

/** Where no call waits, another place is another server that runs without a person. */
export async function requireMayChange(db: Db, caller: KeyPairCaller, before: Server, after: Server): Promise<void> {
  requireMayDecide(caller, before.approvalPolicy, after.approvalPolicy);
  if (isMoved(before, after) && !holdsBack(before.approvalPolicy)) {
    requirePermission(caller, 'approvals');
  }
  await requireGuarded(db, caller, before, after);
}

/** Whether a server gets its requests at another place than before. */
export const isMoved = (before: Server, after: Server): boolean =>
  after.url !== before.url ||
  after.transport !== before.transport ||
  !isDeepStrictEqual(overridesOf(before), overridesOf(after));

/** The headers that say where a request goes, or what it does there: to change them is to move. */
const overridesOf = ({ requestHeaders }: Server): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(requestHeaders).filter(([name]) => isOverride(name)));
