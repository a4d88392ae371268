import { auditedName } from './changes.ts';

/** Names a team's server for the audit log, by its id in the Servers API. */
export const teamServer = (id: string) => ({ kind: 'server', id: `mcp_${id}` }) as const;

/** A tool of an account; `serverId` is null unless the account is a server of the organization. */
type Tool = { readonly accountId: string; readonly serverId: string | null; readonly toolName: string };

/** Names a tool for the audit log: of a team's server by its id in the Servers API, else of an account. */
export const toolOf = ({ accountId, serverId, toolName }: Tool) =>
  ({
    kind: 'tool',
    id: `${serverId === null ? accountId : teamServer(serverId).id}/${auditedName(toolName)}`,
  }) as const;

/** Names a shared server for the audit log, by its id in the Operator API. */
export const sharedServer = (id: string) => ({ kind: 'server', id }) as const;

/** Writes the id of an approval request, as the Servers API and clients see it: `apr_` and the UUID. */
export const approvalRequestId = (id: string): string => `apr_${id}`;

/** Names an approval request for the audit log. */
export const approvalRequest = (id: string) => ({ kind: 'approval_request', id: approvalRequestId(id) }) as const;
