import type { Migration } from 'kysely/migration';
import type { Engine } from '../store.ts';
import { foundation } from './0001-foundation.ts';
import { accounts } from './0002-accounts.ts';
import { serverAccounts } from './0003-server-accounts.ts';
import { toolCalls } from './0004-tool-calls.ts';
import { sharedServers } from './0005-shared-servers.ts';
import { usage } from './0006-usage.ts';
import { tokenPermissions } from './0007-token-permissions.ts';
import { wholeDefinitions } from './0008-whole-definitions.ts';
import { integrationTexts } from './0009-integration-texts.ts';
import { timeouts } from './0010-timeouts.ts';
import { toolSizes } from './0011-tool-sizes.ts';
import { changes } from './0012-changes.ts';
import { webhooks } from './0013-webhooks.ts';
import { outputSchemas } from './0014-output-schemas.ts';
import { accountSecurity } from './0015-account-security.ts';
import { approvalRequests } from './0016-approval-requests.ts';
import { naming } from './0017-naming.ts';
import { toolApprovals } from './0018-tool-approvals.ts';
import { severalApprovals } from './0019-several-approvals.ts';
import { unseenRounds } from './0020-unseen-rounds.ts';
import { boundedWaits } from './0021-bounded-waits.ts';
import { sessions } from './0022-sessions.ts';
import { members } from './0023-members.ts';
import { overview } from './0024-overview.ts';
import { serverHealth } from './0025-server-health.ts';

/** Every migration this program knows, by name; names sort in the order they run. Forward only. */
export function migrationsFor(engine: Engine): Record<string, Migration> {
  return {
    '0001_foundation': { up: (db) => foundation(db, engine) },
    '0002_accounts': { up: (db) => accounts(db, engine) },
    '0003_server_accounts': { up: (db) => serverAccounts(db, engine) },
    '0004_tool_calls': { up: (db) => toolCalls(db, engine) },
    '0005_shared_servers': { up: (db) => sharedServers(db, engine) },
    '0006_usage': { up: (db) => usage(db, engine) },
    '0007_token_permissions': { up: tokenPermissions },
    '0008_whole_definitions': { up: wholeDefinitions },
    '0009_integration_texts': { up: (db) => integrationTexts(db, engine) },
    '0010_timeouts': { up: timeouts },
    '0011_tool_sizes': { up: (db) => toolSizes(db, engine) },
    '0012_changes': { up: (db) => changes(db, engine) },
    '0013_webhooks': { up: (db) => webhooks(db, engine) },
    '0014_output_schemas': { up: outputSchemas },
    '0015_account_security': { up: accountSecurity },
    '0016_approval_requests': { up: (db) => approvalRequests(db, engine) },
    '0017_naming': { up: naming },
    '0018_tool_approvals': { up: (db) => toolApprovals(db, engine) },
    '0019_several_approvals': { up: (db) => severalApprovals(db, engine) },
    '0020_unseen_rounds': { up: unseenRounds },
    '0021_bounded_waits': { up: (db) => boundedWaits(db, engine) },
    '0022_sessions': { up: (db) => sessions(db, engine) },
    '0023_members': { up: (db) => members(db, engine) },
    '0024_overview': { up: (db) => overview(db, engine) },
    '0025_server_health': { up: (db) => serverHealth(db, engine) },
  };
}
