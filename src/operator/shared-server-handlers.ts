import type { components, Writable } from '../../generated/api.ts';
import { formatInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { etag, parseIfMatch } from '../http/etag.ts';
import type * as store from '../store/shared-servers.ts';
import { checkTools } from './check-tools.ts';
import {
  createSharedServer,
  deleteSharedServer,
  getSharedServer,
  listSharedServers,
  type SavedChange,
  type SharedServerFields,
  updateSharedServer,
} from './shared-servers.ts';

type Schemas = components['schemas'];

type SharedServerOperations =
  | 'listSharedServers'
  | 'createSharedServer'
  | 'getSharedServer'
  | 'updateSharedServer'
  | 'deleteSharedServer'
  | 'checkSharedServerTools';

/** Creates the handlers of shared servers (Operator API). */
export const sharedServerHandlers = (deps: Deps): Handlers<SharedServerOperations> => ({
  listSharedServers: async (_input, respond) => respond(200, (await listSharedServers(deps)).map(toWire)),

  createSharedServer: async ({ body, headers, caller }, respond) => {
    const { name, enabled = true, mcpServer } = body;
    const fields = { name, enabled, mcpServer: configOf(mcpServer) };
    const saved = await createSharedServer(deps, caller, fields, isLenient(headers.prefer));
    const { id, version } = saved.data;
    const location = { Location: `/admin/api/v1/mcp-servers/${id}`, ETag: etag(version) };
    return respond(201, toSaved(saved), { ...location, ...applied(saved) });
  },

  getSharedServer: async ({ params }, respond) => {
    const server = await getSharedServer(deps, params.mcp_id);
    return respond(200, toWire(server), { ETag: etag(server.version) });
  },

  updateSharedServer: async ({ params, body, headers, caller }, respond) => {
    const { name, enabled, mcpServer } = body;
    const changes: Partial<SharedServerFields> = {
      ...(name != null && { name }),
      ...(enabled != null && { enabled }),
      ...(mcpServer != null && { mcpServer: configOf(mcpServer) }),
    };
    const saved = await updateSharedServer(deps, caller, params.mcp_id, changes, {
      lenient: isLenient(headers.prefer),
      expected: parseIfMatch(headers['if-match']),
    });
    return respond(200, toSaved(saved), { ETag: etag(saved.data.version), ...applied(saved) });
  },

  deleteSharedServer: async ({ params, headers, caller }, respond) => {
    const { data, reload } = await deleteSharedServer(deps, caller, params.mcp_id, parseIfMatch(headers['if-match']));
    return respond(200, { data, reload });
  },

  checkSharedServerTools: async ({ params }, respond) => respond(200, await checkTools(deps, params.mcp_id)),
});

/** Whether the `Prefer` header contains `handling=lenient`. The first of repeated preferences counts (RFC 7240). */
function isLenient(prefer: string | undefined): boolean {
  const preferences = (prefer ?? '').match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  const handling = preferences.find((preference) => /^\s*handling\s*(?:[=;]|$)/i.test(preference));
  return handling !== undefined && /^\s*handling\s*=\s*(?:lenient|"lenient")\s*(?:;|$)/i.test(handling);
}

const applied = (saved: SavedChange) => (saved.isLenient ? { 'Preference-Applied': 'handling=lenient' } : {});

/** Makes the stored form of a configuration, with the documented defaults for missing fields. */
function configOf(given: Writable<Schemas['SharedServerConfigInput']>): store.McpServerConfig {
  const { args = [], headers = {}, env = {}, transport = 'streamable_http' } = given;
  return {
    name: given.name,
    transport,
    url: given.url ?? null,
    command: given.command ?? null,
    args,
    headers,
    env,
    cwd: given.cwd ?? null,
    encoding: given.encoding ?? null,
    encodingErrorHandler: given.encodingErrorHandler ?? null,
    timeoutSeconds: given.timeoutSeconds ?? null,
    sseReadTimeoutSeconds: given.sseReadTimeoutSeconds ?? null,
    terminateOnClose: given.terminateOnClose ?? null,
    // The document allows no other value.
    sessionKwargs: {},
  };
}

const toSaved = ({ data, reload }: SavedChange): Schemas['SharedServerSaved'] => ({ data: toWire(data), reload });

const toWire = ({ id, slug, name, enabled, mcpServer, createdAt, updatedAt }: store.SharedServer) => ({
  id,
  slug,
  name,
  enabled,
  mcpServer,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
});
