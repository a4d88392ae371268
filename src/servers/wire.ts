import type { components } from '../../generated/api.ts';
import type { Caller, ServersCaller } from '../base/caller.ts';
import { notFound } from '../base/errors.ts';
import type { Handlers, JsonOperationId } from '../contract/operations.ts';
import type { ServerHealth } from '../store/server-health.ts';
import type { Server } from '../store/servers.ts';
import { isLive, type ToolApproval } from '../store/tool-approvals.ts';
import { ServerMissing, type ServerWithHealth } from './servers.ts';

type Schemas = components['schemas'];

/** Makes the success envelope of the Servers API, in its key order. */
export const successEnvelope = <M extends string, D>(message: M, data: D) =>
  ({ message, status: 'success', error: null, data }) as const;

/** Writes the id of a server for the Servers API: `mcp_` and the UUID. */
export const serverId = (uuid: string): string => `mcp_${uuid}`;

/** Returns the UUID in an id of the Servers API. */
export const serverUuid = (id: string): string => id.slice('mcp_'.length);

/** Writes a server as the answers to create, read and list contain it. */
export function toMcpServer({ server, health }: ServerWithHealth): Schemas['McpServer'] {
  const { updated_at, ...rest } = toUpdated(server);
  const { tags, timeoutSeconds: timeout_seconds, requiredApprovals: required_approvals } = server;
  const shown = { ...rest, tags, timeout_seconds, required_approvals, health: toHealth(health) };
  return { ...shown, created_at: server.createdAt, updated_at };
}

/** Writes the health of a server; null is that of a server that was not used. */
export const toHealth = (health: ServerHealth | null): Schemas['McpServerHealth'] =>
  health === null
    ? { state: 'unknown', since: null, last_error: null }
    : {
        state: health.lastError === null ? 'connected' : 'unreachable',
        since: health.since,
        last_error: health.lastError,
      };

/** Writes a server with the nine keys of seed 002, in its order. */
export function toUpdated(server: Server): Schemas['McpServerUpdated'] {
  return {
    id: serverId(server.id),
    organization_id: server.organizationId,
    url: server.url,
    name: server.name,
    approval_policy: server.approvalPolicy,
    transport: server.transport,
    description: server.description,
    request_headers: server.requestHeaders,
    updated_at: server.updatedAt,
  };
}

/** Writes a tool approval of a server as it is at `now`, in milliseconds since the epoch. */
export const toToolApproval = (approval: ToolApproval, now: number): Schemas['ToolApproval'] => ({
  server_id: serverId(approval.accountId),
  tool_name: approval.toolName,
  approval_hash: approval.approvalHash,
  auto_approve: approval.autoApprove,
  created_at: approval.createdAt,
  expires_at: approval.expiresAt,
  expired: !isLive(approval, now),
});

/** Returns the caller as the holder of a key pair or a member; the Servers API admits no other callers. */
export function keyPairOf(caller: Caller | undefined): ServersCaller {
  if (caller?.kind !== 'key_pair' && caller?.kind !== 'member') {
    throw new TypeError(`the Servers API was called by ${caller?.kind ?? 'nobody'}`);
  }
  return caller;
}

type AnyHandler = (input: never, respond: never) => unknown;

/** Wraps handlers so that they answer 404 for a ServerMissing. */
export function withNotFound<K extends JsonOperationId>(handlers: Handlers<K>): Handlers<K> {
  const answering = Object.entries(handlers as unknown as Record<string, AnyHandler>).map(([id, handler]) => {
    const answer: AnyHandler = async (input, respond) => {
      try {
        return await handler(input, respond);
      } catch (error) {
        throw asNotFound(error);
      }
    };
    return [id, answer];
  });
  return Object.fromEntries(answering) as Handlers<K>;
}

function asNotFound(error: unknown): unknown {
  if (!(error instanceof ServerMissing)) {
    return error;
  }
  const { id, organizationId } = error;
  return notFound(
    'MCP server',
    `MCP server with ID '${serverId(id)}' does not exist in organization '${organizationId}'`,
  );
}
