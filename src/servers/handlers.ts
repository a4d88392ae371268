import type { components } from '../../generated/api.ts';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { etag, parseIfMatch } from '../http/etag.ts';
import type { Attempt } from '../runtime/candidate.ts';
import { type CheckedServer, checkServer } from './check-server.ts';
import { createPlaces } from './places.ts';
import { createServer, deleteServer, getServer, listServers, type ServerFields, updateServer } from './servers.ts';
import { keyPairOf, serverId, serverUuid, successEnvelope, toMcpServer, toUpdated, withNotFound } from './wire.ts';

type ServerOperations =
  | 'listMcpServers'
  | 'createMcpServer'
  | 'checkMcpServer'
  | 'getMcpServer'
  | 'updateMcpServer'
  | 'deleteMcpServer'
  | 'updateApprovalPolicy';

/** Checks of one organization at the same time. */
const MAX_CHECKS = 4;
/** The maximum number of tools that the result of a check names. */
const MAX_SHOWN_TOOLS = 100;
/** The memory of a list of servers for each byte of sealed headers: sealed text, values, JSON and the sent bytes. */
const BYTES_PER_LISTED_BYTE = 3;

/** Creates the handlers of servers (Servers API). */
export const serverHandlers = (deps: Deps): Handlers<ServerOperations> => {
  const checks = createPlaces(MAX_CHECKS, 'checks of servers');
  return withNotFound({
    listMcpServers: async ({ query, caller, memory }, respond) => {
      const { page = 0, limit = 20, sort = 'created_at', order = 'desc' } = query;
      const search = query.search || undefined;
      const wanted = { offset: page * limit, limit, sort, order, ...(search !== undefined && { search }) };
      const { found, total } = await listServers(deps, keyPairOf(caller), wanted, async (bytes) => {
        if (bytes > SMALL_BYTES) {
          await memory.room('answers', bytes * BYTES_PER_LISTED_BYTE);
        }
      });
      const pages = Math.ceil(total / limit);
      return respond(
        200,
        successEnvelope('MCP servers retrieved successfully', {
          servers: found.map(toMcpServer),
          total_count: total,
          page,
          limit,
          total_pages: pages,
          has_next: page + 1 < pages,
          has_previous: page > 0 && total > 0,
          filters: search === undefined ? {} : { search },
        }),
      );
    },

    createMcpServer: async ({ body, caller }, respond) => {
      const { name, url } = body;
      const server = await createServer(deps, keyPairOf(caller), { ...fieldsOf(body), name, url });
      const headers = { Location: `/api/mcp-servers/${serverId(server.id)}`, ETag: etag(server.version) };
      return respond(
        201,
        successEnvelope('MCP server created successfully', toMcpServer({ server, health: null })),
        headers,
      );
    },

    checkMcpServer: async ({ body, caller }, respond) => {
      const holder = keyPairOf(caller);
      using _place = checks.take(holder.organizationId);
      const checked = await checkServer(deps, holder, { ...fieldsOf(body), url: body.url });
      return respond(200, successEnvelope('MCP server checked successfully', toChecked(checked)));
    },

    getMcpServer: async ({ params, caller }, respond) => {
      const found = await getServer(deps, keyPairOf(caller), serverUuid(params.mcpServerId));
      const headers = { ETag: etag(found.server.version) };
      return respond(200, successEnvelope('MCP server retrieved successfully', toMcpServer(found)), headers);
    },

    updateMcpServer: async ({ params, headers, body, caller }, respond) => {
      const id = serverUuid(params.mcpServerId);
      const expected = parseIfMatch(headers['if-match']);
      const server = await updateServer(deps, keyPairOf(caller), id, fieldsOf(body), expected);
      return respond(200, successEnvelope('MCP server updated successfully', toUpdated(server)), {
        ETag: etag(server.version),
      });
    },

    deleteMcpServer: async ({ params, headers, caller }, respond) => {
      const holder = keyPairOf(caller);
      await deleteServer(deps, holder, serverUuid(params.mcpServerId), parseIfMatch(headers['if-match']));
      const gone = { id: params.mcpServerId, organization_id: holder.organizationId, deleted: true } as const;
      return respond(200, successEnvelope('MCP server deleted successfully', gone));
    },

    updateApprovalPolicy: async ({ params, headers, body, caller }, respond) => {
      const changes = { approvalPolicy: body.approval_policy };
      const server = await updateServer(
        deps,
        keyPairOf(caller),
        serverUuid(params.mcpServerId),
        changes,
        parseIfMatch(headers['if-match']),
      );
      const { id, organization_id, name, approval_policy, updated_at } = toUpdated(server);
      const data = { id, organization_id, name, approval_policy, updated_at };
      return respond(200, successEnvelope('Approval policy updated successfully', data), {
        ETag: etag(server.version),
      });
    },
  });
};

/** Writes the result of a check. */
const toChecked = (checked: Attempt<CheckedServer>): components['schemas']['McpServerChecked'] =>
  checked.failure === null
    ? {
        state: 'connected',
        error: null,
        server_info: checked.result.info,
        protocol_version: checked.result.protocolVersion,
        tool_count: checked.result.toolNames.length,
        tools: checked.result.toolNames.slice(0, MAX_SHOWN_TOOLS),
      }
    : {
        state: 'unreachable',
        error: checked.failure.message,
        server_info: null,
        protocol_version: null,
        tool_count: null,
        tools: [],
      };

/**
 * The fields of request bodies: names of the API on the left, of the domain on the right. The compiler requires all
 * of them.
 */
const FIELDS = {
  name: 'name',
  url: 'url',
  description: 'description',
  approval_policy: 'approvalPolicy',
  transport: 'transport',
  request_headers: 'requestHeaders',
  tags: 'tags',
  timeout_seconds: 'timeoutSeconds',
  required_approvals: 'requiredApprovals',
} as const satisfies Readonly<Record<keyof components['schemas']['McpServerCreate'], keyof ServerFields>>;

/** Returns the sent fields under their domain names, without the others. */
function fieldsOf(
  body: { readonly [K in keyof typeof FIELDS]?: ServerFields[(typeof FIELDS)[K]] },
): Partial<ServerFields> {
  return Object.fromEntries(
    Object.entries(FIELDS)
      .filter(([wire]) => Object.hasOwn(body, wire))
      .map(([wire, field]) => [field, body[wire as keyof typeof FIELDS]]),
  );
}
