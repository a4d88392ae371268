import type { Json } from '../../support/json.ts';
import {
  everywhere,
  type Fault,
  inAnswers,
  inData,
  inRequests,
  when,
  withJson,
  withoutHeader,
  withQuery,
} from './fault.ts';
import { duplicating, promiscuous, remembering } from './servers-relays.ts';

const LIST = /^\/api\/mcp-servers(?:\?|$)/;
const SERVER = /^\/api\/mcp-servers\/mcp_[^/?]+$/;

const PAGES = 'listMcpServers: pages are counted from 0, hold what they say, and do not overlap';
const SEARCH = 'listMcpServers: search finds parts of name, description and URL, whatever the case';
const EXTRA = 'createMcpServer: unknown and read-only keys are refused by name, and nothing is created';

/** Faults in lists, in errors, and in what is deleted or somebody else's. */
export const LIST_FAULTS: readonly Fault[] = [
  {
    name: 'errors without the envelope',
    caughtBy: 'every operation: a body that is not JSON, whole, and an object is refused',
    plant: everywhere(when(400, (came) => withJson(came, 400, { detail: 'Bad request' }))),
  },
  {
    name: 'a 404 in HTML',
    caughtBy: 'every GET: it is answered as documented, be the example there or not',
    plant: inAnswers(
      'GET',
      SERVER,
      when(404, (came) => ({
        ...came,
        headers: { ...came.headers, 'content-type': 'text/html' },
        body: '<h1>Not found</h1>',
      })),
    ),
  },
  {
    name: 'X-Request-Id is missing on errors',
    caughtBy: 'every GET: without credentials it is a 401',
    plant: everywhere(when(401, withoutHeader('x-request-id'))),
  },
  {
    name: 'another media type',
    caughtBy: 'every GET: it is answered as documented, be the example there or not',
    plant: inAnswers('GET', LIST, (came) => ({ ...came, headers: { ...came.headers, 'content-type': 'text/plain' } })),
  },
  {
    name: '405 without Allow',
    caughtBy: 'every path: a method that the document does not have is a 405 with Allow',
    plant: everywhere(withoutHeader('allow')),
  },
  {
    name: 'a renamed key',
    caughtBy: 'every GET: it is answered as documented, be the example there or not',
    plant: inAnswers(
      'GET',
      LIST,
      inData(({ total_count, ...data }) => ({ ...data, totalCount: total_count })),
    ),
  },
  {
    name: 'pages count from 1',
    caughtBy: PAGES,
    plant: () => async (sent, forward) => {
      const page = Number(new URL(sent.path, 'http://proxy').searchParams.get('page') ?? 0);
      const came = await forward(
        LIST.test(sent.path) && page > 0 ? withQuery(sent, (query) => query.set('page', `${page - 1}`)) : sent,
      );
      return LIST.test(sent.path) && page > 0
        ? inData((data) => ({ ...data, page, has_previous: true, has_next: page + 1 < data.total_pages }))(came, sent)
        : came;
    },
  },
  {
    name: 'total_count counts the page',
    caughtBy: PAGES,
    plant: inAnswers(
      'GET',
      LIST,
      inData((data) => ({
        ...data,
        total_count: data.servers.length,
        total_pages: Math.min(1, data.servers.length),
        has_next: false,
      })),
    ),
  },
  {
    name: 'has_next is always true',
    caughtBy: PAGES,
    plant: inAnswers(
      'GET',
      LIST,
      inData((data) => ({ ...data, has_next: true })),
    ),
  },
  {
    name: 'the order is ignored',
    caughtBy: 'listMcpServers: every key sorts, both ways',
    plant: inRequests('GET', LIST, (sent) =>
      sent.path.includes('sort-') ? withQuery(sent, (query) => query.delete('order')) : sent,
    ),
  },
  {
    name: 'the search is ignored',
    caughtBy: EXTRA,
    plant: () => async (sent, forward) => {
      const search = new URL(sent.path, 'http://proxy').searchParams.get('search');
      const came = await forward(LIST.test(sent.path) ? withQuery(sent, (query) => query.delete('search')) : sent);
      return search ? inData((data) => ({ ...data, filters: { search } }))(came, sent) : came;
    },
  },
  {
    name: 'the search is not echoed',
    caughtBy: PAGES,
    plant: inAnswers(
      'GET',
      LIST,
      inData((data) => ({ ...data, filters: {} })),
    ),
  },
  {
    name: 'the search minds the case',
    caughtBy: SEARCH,
    plant: inAnswers(
      'GET',
      LIST,
      inData((data) => {
        const { search } = data.filters;
        const servers =
          search === undefined
            ? data.servers
            : data.servers.filter((server: Json) => JSON.stringify(server).includes(search));
        const lost = data.servers.length - servers.length;
        return lost === 0
          ? data
          : { ...data, servers, total_count: data.total_count - lost, total_pages: Math.min(1, servers.length) };
      }),
    ),
  },
  {
    name: 'a deleted server can be read',
    caughtBy: 'deleteMcpServer: what is gone is gone, for every operation',
    plant: remembering,
  },
  {
    name: "another organization's server can be read",
    caughtBy: "every operation: another organization's server does not exist",
    plant: promiscuous,
  },
  {
    name: 'a server that cannot be reached lists no tools',
    caughtBy: 'listMcpServerTools: a server that cannot be reached is a 502, and stays as it was',
    plant: inAnswers(
      'GET',
      /\/tools$/,
      when(502, (came) =>
        withJson(came, 200, {
          message: 'MCP server tools retrieved successfully',
          status: 'success',
          error: null,
          data: [],
        }),
      ),
    ),
  },
  {
    name: 'a tool has two approvals',
    caughtBy: 'addToolApproval: a second answer for a tool replaces the first',
    plant: duplicating,
  },
  {
    name: 'an approval never expires',
    caughtBy: 'addToolApproval: an approval with an end is listed as expired from then on, and can be renewed',
    plant: inAnswers(
      'GET',
      /\/tool-approvals$/,
      inData((approvals) => approvals.map((one: Json) => ({ ...one, expired: false }))),
    ),
  },
  {
    name: 'a revoked approval can be revoked again',
    caughtBy: 'removeToolApproval: what is revoked is gone, and cannot be revoked again',
    plant: () => async (sent, forward) => {
      const came = await forward(sent);
      const tool_name = /\/tool-approvals\/(revoke)$/.exec(sent.path)?.[1];
      const server_id = sent.path.split('/')[3];
      const data = { server_id, tool_name, deleted: true };
      return tool_name === undefined || came.status !== 404
        ? came
        : withJson(came, 200, { message: 'Tool approval revoked successfully', status: 'success', error: null, data });
    },
  },
];
