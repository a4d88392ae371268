import { auditedName } from './changes.ts';

/** Names a team's server for the audit log, by its id in the Servers API. */
export const teamServer = (id: string) => ({ kind: 'server', id: `mcp_${id}` }) as const;

/** Names a tool of a team's server for the audit log. */
export const teamServerTool = (serverId: string, toolName: string) =>
  ({ kind: 'tool', id: `mcp_${serverId}/${auditedName(toolName)}` }) as const;

/** Names a shared server for the audit log, by its id in the Operator API. */
export const sharedServer = (id: string) => ({ kind: 'server', id }) as const;

/** Writes the id of an approval request, as the Servers API and clients see it: `apr_` and the UUID. */
export const approvalRequestId = (id: string): string => `apr_${id}`;

/** Names an approval request for the audit log. */
export const approvalRequest = (id: string) => ({ kind: 'approval_request', id: approvalRequestId(id) }) as const;
