import type { Logger } from 'pino';
import type { ApprovalWaits } from './approvals/approval-waits.ts';
import type { ServerPlaces } from './approvals/server-places.ts';
import type { CallAudit } from './audit/calls.ts';
import type { Credentials } from './auth/credentials.ts';
import type { Ids } from './base/ids.ts';
import type { Limits } from './base/limits.ts';
import type { MemoryBudget } from './base/memory-budget.ts';
import type { AccountStatuses } from './calls/account-statuses.ts';
import type { ApprovalPolicy } from './contract/closed-words.ts';
import type { OrganizationEgresses } from './egress/egress.ts';
import type { FailureLog } from './runtime/failure-log.ts';
import type { Reloads } from './runtime/reloads.ts';
import type { Runtime } from './runtime/runtime.ts';
import type { Machine } from './shared-config/machine.ts';
import type { Store } from './store/store.ts';
import type { Quotas } from './store/usage.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** What the program runs on. Tests give their own clock and ids; nothing else reads either. */
export type Deps = {
  readonly store: Store;
  readonly credentials: Credentials;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly ids: Ids;
  readonly limits: Limits;
  /** The account of memory that is held for others: organizations by their ids, the operator as null. */
  readonly budget: MemoryBudget;
  readonly quotas: Quotas;
  /** The maximum number of open file descriptors; null if it is unknown. */
  readonly descriptors: number | null;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly callAudit: CallAudit;
  readonly accountStatuses: AccountStatuses;
  readonly failureLog: FailureLog;
  /** Under which URL clients reach this server; without a slash at the end. */
  readonly publicUrl: string;
  /** The ways out for the URLs that organizations give. */
  readonly egress: OrganizationEgresses;
  /** Aborted when the server stops: calls are finished, streams that would never end are not waited for. */
  readonly stopping: AbortSignal;
  /** The connections to servers. */
  readonly runtime: Runtime;
  /** Changes of the operator's servers, one at a time for each. */
  readonly reloads: Reloads;
  /** Where the servers are whose calls can wait for a person. */
  readonly places: ServerPlaces;
  /** The calls that wait for a person. */
  readonly approvalWaits: ApprovalWaits;
  /** The time that people have for a decision about a call. */
  readonly approvalTimeoutMs: number;
  /** The longest time that a client is held while its call waits for a person. */
  readonly approvalHoldMs: number;
  /** The approval policy of integrations that are created without one. */
  readonly integrationPolicy: ApprovalPolicy;
  /** Whether the running gateway follows such a change at once; else it does when it starts. */
  readonly reloadsLive: boolean;
  /** What configurations of the operator's servers may use of this machine. */
  readonly machine: Machine;
};
