import type { Db } from './store.ts';
import * as toolApprovals from './tool-approvals.ts';

/** The source of a tool: a server, or an integration. Ids are UUIDs. */
export type ApprovalSource = {
  readonly organizationId: string;
  readonly endpointId: string;
  readonly accountId: string;
  /** Null for an account of an integration. */
  readonly serverId: string | null;
  readonly toolName: string;
};

/**
 * Returns the versions of everything that a decision about a call depends on, besides its definition and arguments: the
 * endpoint (its scope), the account (its credentials), the server (its policy, URL, transport and headers) or the
 * integration (its policy and document), and the tool approval
 * while it lasts. Null if any of them is gone, or the endpoint has expired
 * at `now`.
 */
export async function versionsOf(db: Db, source: ApprovalSource, now: number): Promise<readonly unknown[] | null> {
  const endpoint = await db.sql
    .selectFrom('endpoints')
    .innerJoin('accounts', (join) =>
      join
        .onRef('accounts.id', '=', 'endpoints.account_id')
        .onRef('accounts.organization_id', '=', 'endpoints.organization_id'),
    )
    .select([
      'endpoints.version as endpoint_version',
      'endpoints.expires_at',
      'accounts.version as account_version',
      'accounts.integration_id',
    ])
    .where('endpoints.id', '=', source.endpointId)
    .where('endpoints.account_id', '=', source.accountId)
    .where('endpoints.organization_id', '=', source.organizationId)
    .executeTakeFirst();
  if (endpoint === undefined || (endpoint.expires_at ?? Number.POSITIVE_INFINITY) <= now) {
    return null;
  }
  const ofSource =
    source.serverId === null
      ? await ofIntegration(db, source.organizationId, endpoint.integration_id)
      : await ofServer(db, source.organizationId, source.serverId);
  if (ofSource === null) {
    return null;
  }
  const approval = await toolApprovals.find(db, source, source.toolName);
  const ofTool =
    approval !== null && toolApprovals.isLive(approval, now)
      ? [approval.approvalHash, approval.autoApprove, approval.expiresAt]
      : null;
  return [endpoint.endpoint_version, endpoint.account_version, ...ofSource, ofTool];
}

async function ofServer(db: Db, organizationId: string, serverId: string): Promise<readonly unknown[] | null> {
  const server = await db.sql
    .selectFrom('servers')
    .select('version')
    .where('id', '=', serverId)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return server === undefined ? null : ['server', server.version];
}

async function ofIntegration(
  db: Db,
  organizationId: string,
  integrationId: string | null,
): Promise<readonly unknown[] | null> {
  const integration = await db.sql
    .selectFrom('integrations')
    .select('version')
    .where('id', '=', integrationId ?? '')
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return integration === undefined ? null : ['integration', integration.version];
}
