import { auditedName } from './changes.ts';

/** A team's server as the audit log names it: by the id that the Servers API shows. */
export const teamServer = (id: string) => ({ kind: 'server', id: `mcp_${id}` }) as const;

/** A tool of a team's server as the audit log names it. */
export const teamServerTool = (serverId: string, toolName: string) =>
  ({ kind: 'tool', id: `mcp_${serverId}/${auditedName(toolName)}` }) as const;

/** A server that the operator shares as the audit log names it: by the id that the Operator API shows. */
export const sharedServer = (id: string) => ({ kind: 'server', id }) as const;
