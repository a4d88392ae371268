import { mayApprove, requirePermission, type ServersCaller } from '../base/caller.ts';
import { holdsBack, isLooser } from '../contract/approval-policies.ts';
import * as servers from '../store/servers.ts';
import type { Db } from '../store/store.ts';
import * as usage from '../store/usage.ts';
import { hostOf } from './url-places.ts';

const REASON =
  'the calls of integrations to the place of this server wait because of it, and would no longer when it is moved or deleted.';

type Guard = Pick<servers.Server, 'url' | 'approvalPolicy' | 'requiredApprovals'>;

/**
 * Throws `forbidden` if a server leaves a place whose calls wait because of it, the organization has integrations,
 * and the caller lacks `approvals`: otherwise a caller could move the server away, call the place, and move it back.
 * The place is not left if the server, or another one with at least the same strictness, is still at or above it.
 * `after` is null for a deletion.
 */
export async function requireGuarded(
  db: Db,
  caller: ServersCaller,
  before: servers.Server,
  after: Guard | null,
): Promise<void> {
  if (!holdsBack(before.approvalPolicy) || mayApprove(caller) || after?.url === before.url) {
    return;
  }
  const others = (await servers.heldBack(db, before.organizationId)).filter(({ id }) => id !== before.id);
  const guards = (server: Guard): boolean =>
    !isLooser(server.approvalPolicy, before.approvalPolicy) &&
    server.requiredApprovals >= before.requiredApprovals &&
    covers(new URL(server.url), new URL(before.url));
  if ([...others, ...(after === null ? [] : [after])].some(guards)) {
    return;
  }
  const { integrations } = await usage.of(db, before.organizationId, ['integrations']);
  if (integrations > 0) {
    requirePermission(caller, 'approvals', REASON);
  }
}

/** Whether every call at or below one URL is also at or below the other, as both are written. */
const covers = (above: URL, url: URL): boolean =>
  hostOf(above) === hostOf(url) && slashed(url).startsWith(slashed(above));

const slashed = ({ pathname }: URL): string => `${pathname.replace(/\/+$/, '')}/`;
