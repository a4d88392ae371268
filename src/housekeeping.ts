import { setTimeout as pause } from 'node:timers/promises';
import { purgeExpired } from './accounts/endpoints.ts';
import { eraseRequests } from './approvals/erase-requests.ts';
import { boundCalls, purgeAudit, rollUpCalls } from './audit/changes.ts';
import { purgeSessions } from './auth/sessions.ts';
import type { Config } from './config.ts';
import type { Deps } from './deps.ts';
import { timeOf } from './store/time.ts';

/** Milliseconds between two rounds. */
const PAUSE_MS = 60_000;

/**
 * Does what is not urgent, a round after each pause of as many milliseconds, until it is aborted. Rounds never overlap,
 * and one that fails is logged. Never rejects.
 */
export async function keepHouse(deps: Deps, config: Config, signal: AbortSignal, pauseMs = PAUSE_MS): Promise<void> {
  while (await pause(pauseMs, true, { signal }).catch(() => false)) {
    try {
      await round(deps, config, signal);
    } catch (error) {
      if (!signal.aborted) {
        deps.log.warn({ err: error }, 'housekeeping failed; it runs again in a minute');
      }
    }
  }
}

async function round(
  { credentials, store, now, approvalWaits }: Deps,
  { auditDays, auditCalls, expiredDays }: Config,
  signal: AbortSignal,
): Promise<void> {
  await credentials.saveLastUsed();
  await purgeAudit(store, now(), auditDays);
  await purgeSessions(store, now());
  await purgeExpired(store, now(), expiredDays);
  await eraseRequests(store, await timeOf(store.read));
  await approvalWaits.lookForDue();
  await rollUpCalls(store, now(), signal);
  if (auditCalls !== null) {
    await boundCalls(store, auditCalls, signal);
  }
}
