import type { Check } from '../check.ts';
import { bothChecks } from './both.ts';
import { auditChecks } from './operator/audit.ts';
import { credentialChecks } from './operator/credentials.ts';
import { organizationChecks } from './operator/organizations.ts';
import { readOnlyChecks } from './read-only.ts';
import { operatorRefusals, serversRefusals } from './refusals.ts';
import { approvalChecks } from './servers/approval.ts';
import { createChecks } from './servers/create.ts';
import { listChecks } from './servers/list.ts';
import { tenancyChecks } from './servers/tenancy.ts';
import { updateChecks } from './servers/update.ts';

/** Every check of the suite, in the order in which they run. */
export const ALL_CHECKS: readonly Check[] = [
  ...readOnlyChecks,
  ...serversRefusals,
  ...createChecks,
  ...updateChecks,
  ...listChecks,
  ...approvalChecks,
  ...tenancyChecks,
  ...operatorRefusals,
  ...organizationChecks,
  ...credentialChecks,
  ...auditChecks,
  ...bothChecks,
];
