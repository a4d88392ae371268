import { ApiError } from '../base/errors.ts';
import type { Db } from '../store/store.ts';
import * as usage from '../store/usage.ts';

const MIB = 1024 * 1024;

/** The name of a quota in messages, and the variable that sets it. */
const WORDS: Readonly<Record<usage.Resource, { readonly things: string; readonly variable: string }>> = {
  servers: { things: 'servers', variable: 'GATEHOUSE_QUOTA_SERVERS' },
  integrations: { things: 'integrations', variable: 'GATEHOUSE_QUOTA_INTEGRATIONS' },
  accounts: { things: 'accounts', variable: 'GATEHOUSE_QUOTA_ACCOUNTS' },
  endpoints: { things: 'endpoints', variable: 'GATEHOUSE_QUOTA_ENDPOINTS' },
  credentials: { things: 'API tokens and API keys', variable: 'GATEHOUSE_QUOTA_CREDENTIALS' },
  tool_bytes: { things: 'documents and tools', variable: 'GATEHOUSE_QUOTA_TOOLS_MIB' },
};

/** A change would exceed a quota of an organization. The message names the quota, the limit and the person to ask. */
export class QuotaExceeded extends ApiError {
  constructor(resource: usage.Resource, limit: number, wanted: number) {
    const { things, variable } = WORDS[resource];
    const stored = resource === 'tool_bytes';
    const reached = stored
      ? `The ${things} of this organization would take ${mebibytes(wanted)} MiB, and its quota is ${mebibytes(limit)} MiB`
      : `This organization has reached its quota of ${things}, which is ${limit}`;
    super('quota_exceeded', `${reached}. Delete what is not needed, or ask the operator to raise ${variable}.`);
  }
}

/**
 * Makes a change that adds to the given resources of an organization, inside a `write`. Throws QuotaExceeded, which
 * fails the write, if the change has added to a resource whose usage now exceeds its quota. Usage that already exceeds
 * a quota may stay or shrink.
 */
export async function withinQuotas<T>(
  db: Db,
  quotas: usage.Quotas,
  organizationId: string,
  resources: readonly usage.Resource[],
  change: () => Promise<T>,
): Promise<T> {
  const limited = resources.filter((resource) => quotas[resource] !== null);
  if (limited.length === 0) {
    return change();
  }
  const before = await usage.of(db, organizationId, limited);
  const result = await change();
  const after = await usage.of(db, organizationId, limited);
  for (const resource of limited) {
    const limit = quotas[resource];
    if (limit !== null && after[resource] > limit && after[resource] > before[resource]) {
      throw new QuotaExceeded(resource, limit, after[resource]);
    }
  }
  return result;
}

/** Mebibytes with two places, rounded up: what is beyond a limit must not look like the limit. */
const mebibytes = (bytes: number): string => String(Math.ceil((bytes / MIB) * 100) / 100);
