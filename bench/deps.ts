import pino from 'pino';
import { createApprovalWaits } from '../src/approvals/approval-waits.ts';
import { createServerPlaces } from '../src/approvals/server-places.ts';
import { createCallAudit } from '../src/audit/calls.ts';
import { createCredentials } from '../src/auth/credentials.ts';
import { bootstrap, operatorTokenHash } from '../src/auth/first-credentials.ts';
import { randomIds } from '../src/base/ids.ts';
import { LIMITS } from '../src/base/limits.ts';
import { MemoryBudget } from '../src/base/memory-budget.ts';
import { createAccountStatuses } from '../src/calls/account-statuses.ts';
import { type Config, parseConfig } from '../src/config.ts';
import type { Deps } from '../src/deps.ts';
import { createOperatorEgresses, createOrganizationEgresses } from '../src/egress/egress.ts';
import { createFailureLog } from '../src/runtime/failure-log.ts';
import { createReloads } from '../src/runtime/reloads.ts';
import { createRuntime } from '../src/runtime/runtime.ts';
import type { Store } from '../src/store/store.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';
import { API_KEY, API_SECRET, API_TOKEN } from './credentials.ts';

/** The configuration of a server under the bench: its first organization has the bench's credentials. */
export const benchConfig = (directory: string, env: Readonly<Record<string, string>> = {}): Config =>
  parseConfig({
    GATEHOUSE_DATA: directory,
    GATEHOUSE_API_TOKEN: API_TOKEN,
    GATEHOUSE_API_KEY: API_KEY,
    GATEHOUSE_API_SECRET: API_SECRET,
    ...env,
  });

/** What the server runs on over an empty store, as `main.ts` puts it together; its log goes nowhere. */
export async function benchDeps(store: Store, config: Config): Promise<Deps> {
  const now = Date.now;
  await bootstrap({ store, now, ids: randomIds }, config, async () => undefined);
  const egress = createOrganizationEgresses({ allow: [], own: () => [] }, LIMITS);
  const log = pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false }));
  const budget = new MemoryBudget({ totalBytes: config.memoryBudgetBytes, patienceMs: LIMITS.memoryPatienceMs });
  const metrics = createMetrics();
  return {
    store,
    credentials: createCredentials({ store, now, operatorTokenHash: await operatorTokenHash(store, config) }),
    now,
    ids: randomIds,
    limits: LIMITS,
    budget,
    quotas: config.quotas,
    descriptors: null,
    log,
    metrics,
    callAudit: createCallAudit({ store, log, metrics, withArguments: config.auditArguments, budget }),
    accountStatuses: createAccountStatuses({ store, log, intervalMs: LIMITS.accountStatusIntervalMs }),
    failureLog: createFailureLog({ log, intervalMs: LIMITS.healthLogIntervalMs }),
    publicUrl: 'http://127.0.0.1:8080',
    egress,
    stopping: new AbortController().signal,
    reloads: createReloads(),
    places: createServerPlaces(store),
    approvalWaits: createApprovalWaits({ store, log, longestMs: 600_000 }),
    approvalTimeoutMs: 300_000,
    approvalHoldMs: 45_000,
    integrationPolicy: config.integrationPolicy,
    reloadsLive: true,
    machine: { variables: {}, stdioUser: null, programs: null },
    runtime: createRuntime({
      store,
      egress,
      operatorEgresses: createOperatorEgresses(),
      now,
      log,
      limits: LIMITS,
      budget,
      quotas: config.quotas,
    }),
  };
}
