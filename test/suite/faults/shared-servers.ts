import type { Json } from '../../support/json.ts';
import {
  everywhere,
  type Fault,
  inAnswers,
  inBody,
  inRequests,
  when,
  withBody,
  withJson,
  withoutHeader,
} from './fault.ts';
import {
  careless,
  GRANTS,
  generous,
  grudging,
  hasty,
  lax,
  merging,
  ONE,
  promiscuous,
  remembering,
  SHARED,
  talkative,
  trusting,
} from './shared-servers-relays.ts';

const TOOLS = /\/mcp-servers\/[^/]+\/tools$/;
const RUNTIME = /^\/admin\/api\/v1\/runtime\/status$/;

const DEFAULTS = 'createSharedServer: a name and a URL are enough, the rest has the documented defaults';
const SLUG_STAYS =
  'updateSharedServer, deleteSharedServer: the slug stays when the name changes, and is free when it is gone';
const UNUSABLE = 'createSharedServer: one that cannot work is a 500 reload_failed, and nothing is saved';

/** Changes the `data` of what is saved. */
const inSaved = (change: (data: Json) => Json) => inBody((json) => ({ ...json, data: change(json.data) }));

/** Changes the `reload` of what is saved. */
const inReload = (change: (reload: Json) => Json) => inBody((json) => ({ ...json, reload: change(json.reload) }));

/** Changes each server in the runtime status. */
const inStatus = (change: (server: Json) => Json) =>
  inBody((status) => ({ ...status, servers: status.servers.map(change) }));

/** Faults in what is stored of shared servers. */
const STORED: readonly Fault[] = [
  {
    name: 'a reload without its status',
    caughtBy: DEFAULTS,
    plant: inAnswers(
      'POST',
      SHARED,
      inReload(({ status: _, ...reload }) => reload),
    ),
  },
  {
    name: 'another default of a key',
    caughtBy: DEFAULTS,
    plant: inRequests('POST', SHARED, (sent) =>
      withBody(sent, (body) =>
        body.mcpServer == null ? body : { ...body, mcpServer: { terminateOnClose: true, ...body.mcpServer } },
      ),
    ),
  },
  {
    name: 'keys of other transports are dropped',
    caughtBy: 'createSharedServer: every field is answered as it was sent, and read so, also those of other transports',
    plant: inAnswers(
      'POST',
      SHARED,
      inSaved((data) => ({
        ...data,
        mcpServer: { ...data.mcpServer, command: data.mcpServer.transport === 'stdio' ? data.mcpServer.command : null },
      })),
    ),
  },
  {
    name: 'the newest server first',
    caughtBy: 'listSharedServers: a bare array, oldest first',
    plant: inAnswers(
      'GET',
      SHARED,
      inBody((all) => all.toReversed()),
    ),
  },
  {
    name: 'the slug follows the name',
    caughtBy: SLUG_STAYS,
    plant: inAnswers(
      'PATCH',
      ONE,
      inSaved((data) => ({ ...data, slug: data.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-') })),
    ),
  },
  { name: 'a slug stays taken', caughtBy: SLUG_STAYS, plant: grudging },
  {
    name: 'a change of what is not there is an internal error',
    caughtBy: 'deleteSharedServer: what is gone is gone, and what never was is not there either',
    plant: inAnswers(
      'PATCH',
      ONE,
      when(404, (came) => withJson(came, 500, { error: { code: 'internal_error', message: 'Something went wrong.' } })),
    ),
  },
  {
    name: 'If-Match is ignored',
    caughtBy: 'updateSharedServer, deleteSharedServer: a stale If-Match is a 412, and nothing is changed',
    plant: inRequests('PATCH', ONE, ({ headers: { 'if-match': _, ...headers }, ...sent }) => ({ ...sent, headers })),
  },
  {
    name: 'null takes a server out of use',
    caughtBy: 'updateSharedServer: what is null stays as it is, as what is left out does',
    plant: inRequests('PATCH', ONE, (sent) =>
      withBody(sent, (body) => (body.enabled === null ? { ...body, enabled: false } : body)),
    ),
  },
  {
    name: 'to change nothing is a change',
    caughtBy: 'updateSharedServer: with nothing to change it says so, and nothing is touched',
    plant: everywhere((came) => ({ ...came, body: came.body.replace('"No changes."', '"Saved and reloaded."') })),
  },
  { name: 'mcpServer is merged', caughtBy: 'updateSharedServer: mcpServer is replaced whole', plant: merging },
  {
    name: 'a name is given twice',
    caughtBy: 'createSharedServer, updateSharedServer: an mcpServer.name that an enabled server has is a 409',
    plant: generous,
  },
  {
    name: 'the server is looked for before the change is read',
    caughtBy:
      'createSharedServer, updateSharedServer: the body comes before the server, that before its name, that before a reload',
    plant: hasty,
  },
  {
    name: "the gateway's variables are anybody's",
    caughtBy: "createSharedServer, updateSharedServer: the gateway's own variables are refused, wherever they are",
    plant: trusting,
  },
  {
    name: 'an unknown key without the one that is meant',
    caughtBy: 'createSharedServer, updateSharedServer: an unknown key is told which one is meant',
    plant: everywhere((came) => ({ ...came, body: came.body.replaceAll(/: did you mean[^"]*/g, '') })),
  },
];

/** Faults in what is told of the running gateway, and of whom servers are granted to. */
const RUNNING: readonly Fault[] = [
  {
    name: 'a reason with a header',
    caughtBy: 'createSharedServer: one that is only not there is saved, and the reload says why',
    plant: talkative,
  },
  { name: 'what failed is told as reloaded', caughtBy: UNUSABLE, plant: careless('as reloaded') },
  { name: 'what failed is saved', caughtBy: UNUSABLE, plant: careless('as it was') },
  {
    name: 'what failed is told without its reload',
    caughtBy: UNUSABLE,
    plant: everywhere(when(500, (came) => ({ ...came, body: came.body.replace(/,"reload":.*\}\}$/, '}') }))),
  },
  {
    name: 'a preference is applied without a word',
    caughtBy: 'createSharedServer, updateSharedServer: Prefer: handling=lenient saves what cannot work, and says so',
    plant: everywhere(withoutHeader('preference-applied')),
  },
  {
    name: 'a restart is required for no reason',
    caughtBy:
      'createSharedServer, updateSharedServer: a variable that no process has is saved for a restart, and named',
    plant: inAnswers(
      'POST',
      SHARED,
      inReload((reload) => (reload.status === 'restart_required' ? { ...reload, message: 'Saved.' } : reload)),
    ),
  },
  {
    name: 'the check of a server that is not there fails',
    caughtBy: 'checkSharedServerTools: of a server that cannot be asked it says why, and never fails',
    plant: inAnswers(
      'POST',
      TOOLS,
      when(200, (came) => withJson(came, 502, { error: { code: 'internal_error', message: 'Bad gateway.' } })),
    ),
  },
  {
    name: 'what is disabled is connected',
    caughtBy: 'getRuntimeStatus: a server is unreachable or disabled when it is, and the reason is told',
    plant: inAnswers(
      'GET',
      RUNTIME,
      inStatus((server) => (server.state === 'disabled' ? { ...server, state: 'connected' } : server)),
    ),
  },
  {
    name: 'only what is used has a state',
    caughtBy: 'getRuntimeStatus: every server is there, oldest first, until it is deleted',
    plant: inAnswers(
      'GET',
      RUNTIME,
      inBody((status) => ({ ...status, servers: status.servers.filter(({ state }: Json) => state !== 'disabled') })),
    ),
  },
  {
    name: 'a failure is not what came last',
    caughtBy: 'getRuntimeStatus: what came of the last change is there, also of one that failed',
    plant: inAnswers(
      'GET',
      RUNTIME,
      inBody((status) => (status.lastStatus === 'reload_failed' ? { ...status, lastStatus: 'reloaded' } : status)),
    ),
  },
  {
    name: 'everybody is granted what nobody was',
    caughtBy: 'setSharedServerOrganizations: nobody at first, then those that were set, and no other',
    plant: inAnswers(
      'GET',
      GRANTS,
      inBody(({ organizations }) => ({ organizations: organizations.length === 0 ? 'all' : organizations })),
    ),
  },
  {
    name: 'a grant to nobody that there is',
    caughtBy: 'setSharedServerOrganizations: an organization that is not there is refused, and nothing is changed',
    plant: lax,
  },
  {
    name: 'a shared server is an account of everybody',
    across: true,
    caughtBy:
      'getAccount, listAccounts: a shared server is an account of those that it is granted to, and of nobody else',
    plant: promiscuous,
  },
  {
    name: 'endpoints outlive their grant',
    across: true,
    caughtBy: 'setSharedServerOrganizations: who loses a server loses its endpoints for good, and nobody else does',
    plant: remembering,
  },
];

/** Faults in the operator's shared servers. */
export const SHARED_SERVER_FAULTS: readonly Fault[] = [...STORED, ...RUNNING];
