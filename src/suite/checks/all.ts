import type { Check } from '../check.ts';
import { accountChecks } from './accounts/accounts.ts';
import { endpointChecks } from './accounts/endpoints.ts';
import { errorChecks } from './accounts/errors.ts';
import { importChecks } from './accounts/imports.ts';
import { integrationChecks } from './accounts/integrations.ts';
import { listChecks as accountsListChecks } from './accounts/lists.ts';
import { previewChecks } from './accounts/previews.ts';
import { scopeChecks } from './accounts/scopes.ts';
import { tenancyChecks as accountsTenancyChecks } from './accounts/tenancy.ts';
import { toolApprovalChecks } from './accounts/tool-approvals.ts';
import { exactCallChecks } from './across/approvals.ts';
import { arrivalChecks } from './across/arrivals.ts';
import { namedApprovalChecks } from './across/named-approvals.ts';
import { pairChecks } from './across/pairs.ts';
import { serverAccountChecks } from './across/server-accounts.ts';
import { sessionChecks } from './across/sessions.ts';
import { sharedAccountChecks } from './across/shared-accounts.ts';
import { tokenChecks } from './across/tokens.ts';
import { auditChecks } from './operator/audit.ts';
import { credentialChecks } from './operator/credentials.ts';
import { grantChecks } from './operator/grants.ts';
import { memberChecks } from './operator/members.ts';
import { organizationChecks } from './operator/organizations.ts';
import { reloadChecks } from './operator/reloads.ts';
import { runtimeChecks } from './operator/runtime.ts';
import { sharedInvalidChecks } from './operator/shared-invalid.ts';
import { sharedServerChecks } from './operator/shared-servers.ts';
import { sharedUpdateChecks } from './operator/shared-updates.ts';
import { readOnlyChecks } from './read-only.ts';
import { accountsRefusals, operatorRefusals, serversRefusals } from './refusals.ts';
import { approvalChecks } from './servers/approval.ts';
import { createChecks } from './servers/create.ts';
import { listChecks } from './servers/list.ts';
import { tenancyChecks } from './servers/tenancy.ts';
import { toolChecks } from './servers/tools.ts';
import { updateChecks } from './servers/update.ts';
import { webhookChecks } from './servers/webhooks.ts';

/** Every check of the suite, in the order in which they run. */
export const ALL_CHECKS: readonly Check[] = [
  ...readOnlyChecks,
  ...serversRefusals,
  ...createChecks,
  ...updateChecks,
  ...listChecks,
  ...approvalChecks,
  ...toolChecks,
  ...webhookChecks,
  ...tenancyChecks,
  ...operatorRefusals,
  ...organizationChecks,
  ...credentialChecks,
  ...memberChecks,
  ...auditChecks,
  ...sharedServerChecks,
  ...sharedUpdateChecks,
  ...sharedInvalidChecks,
  ...reloadChecks,
  ...runtimeChecks,
  ...grantChecks,
  ...pairChecks,
  ...tokenChecks,
  ...sessionChecks,
  ...serverAccountChecks,
  ...sharedAccountChecks,
  ...exactCallChecks,
  ...namedApprovalChecks,
  ...arrivalChecks,
  ...importChecks,
  ...integrationChecks,
  ...previewChecks,
  ...toolApprovalChecks,
  ...accountChecks,
  ...endpointChecks,
  ...errorChecks,
  ...scopeChecks,
  ...accountsListChecks,
  ...accountsTenancyChecks,
  ...accountsRefusals,
];
