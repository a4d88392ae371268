import type { Came } from '../proxy.ts';
import {
  everywhere,
  type Fault,
  inAnswers,
  inBody,
  inData,
  inRequests,
  when,
  withBody,
  withJson,
  withoutHeader,
} from './fault.ts';
import { frozen, merging } from './servers-relays.ts';

const LIST = /^\/api\/mcp-servers(?:\?|$)/;
const CHECK = /^\/api\/mcp-server-checks$/;
const SERVER = /^\/api\/mcp-servers\/mcp_[^/?]+$/;

const CREATE = 'createMcpServer: a name and a URL are enough, the rest has the documented defaults';
const READ = 'createMcpServer: every field is answered as it was sent, and read so';
const LOCATION = 'createMcpServer: Location leads to the server, and its ETag is the one that is read';
const ONE_FIELD = 'updateMcpServer: a field that is sent alone changes, and no other does';
const ALL_FIELDS = 'updateMcpServer: all fields change at once, and the answer has nine keys in their order';
const MOVES = 'updateMcpServer: updated_at and the ETag move, created_at stays';
const STALE =
  'updateMcpServer, updateApprovalPolicy, deleteMcpServer: a stale If-Match is a 412, and nothing is changed';
const CHECKED = 'checkMcpServer: a server that cannot be reached is a 200 that says why, and nothing is registered';
const SCHEME = 'createMcpServer: the URL must have a scheme that the transport dials';
const EXTRA = 'createMcpServer: unknown and read-only keys are refused by name, and nothing is created';

/** Changes every time in the body of every answer. */
const inTimes =
  (change: (time: number) => number) =>
  (came: Came): Came => ({
    ...came,
    body: came.body.replaceAll(
      /"(created_at|updated_at)":(\d+)/g,
      (_, key, time) => `"${key}":${change(Number(time))}`,
    ),
  });

/** Faults in creating, reading and updating a server. */
export const SERVER_FAULTS: readonly Fault[] = [
  {
    name: '200 for 201',
    caughtBy: CREATE,
    plant: inAnswers(
      'POST',
      LIST,
      when(201, (came) => ({ ...came, status: 200 })),
    ),
  },
  {
    name: 'another message',
    caughtBy: CREATE,
    plant: inAnswers(
      'POST',
      LIST,
      inBody((json) => ({ ...json, message: 'Server created' })),
    ),
  },
  {
    name: 'an enum in another spelling',
    caughtBy: CREATE,
    plant: inAnswers(
      'POST',
      LIST,
      inData((data) => ({ ...data, transport: data.transport.toLowerCase() })),
    ),
  },
  {
    name: 'another default',
    caughtBy: CREATE,
    plant: inRequests('POST', LIST, (sent) => withBody(sent, (body) => ({ description: '', ...body }))),
  },
  { name: 'times in seconds', caughtBy: CREATE, plant: everywhere(inTimes((time) => Math.floor(time / 1000))) },
  {
    name: 'a key is missing',
    caughtBy: READ,
    plant: inAnswers(
      'GET',
      SERVER,
      inData(({ tags: _, ...data }) => data),
    ),
  },
  {
    name: 'a key too many',
    caughtBy: READ,
    plant: inAnswers(
      'GET',
      SERVER,
      inData((data) => ({ ...data, version: 1 })),
    ),
  },
  {
    name: 'a wrong type',
    caughtBy: READ,
    plant: inAnswers(
      'GET',
      SERVER,
      inData((data) => ({ ...data, created_at: String(data.created_at) })),
    ),
  },
  {
    name: 'the envelope in another order',
    caughtBy: CREATE,
    plant: inAnswers(
      'POST',
      LIST,
      inBody(({ data, ...rest }) => ({ data, ...rest })),
    ),
  },
  {
    name: 'a wrong Location',
    caughtBy: LOCATION,
    plant: inAnswers(
      'POST',
      LIST,
      when(201, (came) => ({ ...came, headers: { ...came.headers, location: '/api/mcp-servers/new' } })),
    ),
  },
  { name: 'no ETag', caughtBy: READ, plant: inAnswers('GET', SERVER, withoutHeader('etag')) },
  {
    name: 'an ETag that never changes',
    caughtBy: MOVES,
    plant: everywhere((came) =>
      came.headers.etag === undefined ? came : { ...came, headers: { ...came.headers, etag: '"1"' } },
    ),
  },
  {
    name: 'If-Match is ignored',
    caughtBy: STALE,
    plant: inRequests('PATCH', SERVER, ({ headers: { 'if-match': _, ...headers }, ...sent }) => ({ ...sent, headers })),
  },
  {
    name: 'the keys of an update in another order',
    caughtBy: ALL_FIELDS,
    plant: inAnswers(
      'PATCH',
      SERVER,
      inData(({ updated_at, ...data }) => ({ updated_at, ...data })),
    ),
  },
  {
    name: 'PATCH clears what is left out',
    caughtBy: ONE_FIELD,
    plant: inRequests('PATCH', SERVER, (sent) => withBody(sent, (body) => ({ request_headers: {}, ...body }))),
  },
  { name: 'PATCH merges request headers', caughtBy: ONE_FIELD, plant: merging },
  {
    name: 'updated_at does not move',
    caughtBy: MOVES,
    plant: frozen,
  },
  {
    name: 'unknown keys are ignored',
    caughtBy: EXTRA,
    plant: inRequests('POST', LIST, (sent) =>
      sent.body.includes('nickname') ? withBody(sent, ({ nickname: _, ...body }) => body) : sent,
    ),
  },
  {
    name: 'read-only keys are ignored',
    caughtBy: EXTRA,
    plant: inRequests('POST', LIST, (sent) =>
      sent.body.includes('created_at') ? withBody(sent, ({ created_at: _, ...body }) => body) : sent,
    ),
  },
  {
    name: 'a check finds a server where none is',
    caughtBy: CHECKED,
    plant: inAnswers(
      'POST',
      CHECK,
      inData((data) => ({ ...data, state: 'connected', error: null })),
    ),
  },
  {
    name: 'an error does not name the key',
    caughtBy: SCHEME,
    plant: inAnswers(
      'POST',
      LIST,
      when(400, (came) =>
        withJson(came, 400, { message: 'Validation failed', status: 'error', error: 'Invalid body' }),
      ),
    ),
  },
];
