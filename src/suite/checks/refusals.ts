import type { OperationId } from '../../contract/operations.ts';
import type { Api } from '../apis.ts';
import type { Caller } from '../caller.ts';
import { type Check, type Context, checks } from '../check.ts';
import { invented, NONE } from '../credentials.ts';
import { requireCredentials } from '../deployment.ts';
import { holds, same } from '../expect.ts';
import { exampleBody, examplePath, operationsIn } from './documented.ts';

/** What every operation of an API refuses, whatever it is for. */
type Refusals = {
  readonly api: Api;
  readonly caller: (context: Context) => Caller;
  /** The status of a body that breaks the document. */
  readonly invalid: number;
  /** The statuses of a path with a malformed id. */
  readonly malformed: readonly number[];
  /** The operations that read and write the same collection, without stored objects. */
  readonly list: OperationId;
  readonly create: OperationId;
  /** A path that the API does not have. */
  readonly unknownPath: string;
};

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The checks of these refusals. */
const refusalChecks = ({ api, caller, invalid, malformed, list, create, unknownPath }: Refusals): Check[] =>
  checks(api, {
    'every operation: no credentials, and wrong ones, are a 401 before anything is read': async (context) => {
      requireCredentials(caller(context));
      const { credentials } = caller(context);
      for (const who of [NONE, invented(credentials)]) {
        for (const operation of operationsIn(api, context.operations)) {
          const sent = operation.object.requestBody === undefined ? {} : { text: '{' };
          await context.as(who).send(401, operation.id, { path: examplePath(operation), ...sent });
        }
      }
    },

    'every operation: a body that is not JSON, whole, and an object is refused': async (context) => {
      for (const operation of operationsIn(api, context.operations)) {
        if (operation.object.requestBody !== undefined) {
          for (const text of ['{"name":', 'name=x', '[]', 'null', '"text"', '']) {
            await caller(context).send(invalid, operation.id, { path: examplePath(operation), text });
          }
        }
      }
    },

    'every operation: a body of another media type is a 415': async (context) => {
      for (const operation of operationsIn(api, context.operations)) {
        if (operation.object.requestBody !== undefined) {
          for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
            const sent = { path: examplePath(operation), text: '{}', header: { 'Content-Type': type } };
            await caller(context).send(415, operation.id, sent);
          }
        }
      }
    },

    'every path: a method that the document does not have is a 405 with Allow': async (context) => {
      const byPath = Map.groupBy(operationsIn(api, context.operations), ({ path }) => path);
      for (const operations of byPath.values()) {
        const documented = operations.map(({ method }) => method.toUpperCase());
        const path =
          operations.map((operation) => caller(context).pathOf(operation.id, examplePath(operation)))[0] ?? '';
        for (const method of METHODS.filter((candidate) => !documented.includes(candidate))) {
          const answer = await caller(context).sendTo(405, method, path);
          const allowed =
            answer.headers
              .get('Allow')
              ?.split(',')
              .map((word) => word.trim()) ?? [];
          const right = documented.every((word) => allowed.includes(word)) && !allowed.includes(method);
          holds(answer, right, `Allow: ${documented.join(', ')}`, allowed);
        }
      }
    },

    'every operation: a query parameter that it does not have is refused': async (context) => {
      for (const operation of operationsIn(api, context.operations)) {
        if (operation.method === 'get') {
          const sent = { path: examplePath(operation), query: { 'unheard-of': '1' } };
          await caller(context).send(invalid, operation.id, sent);
        }
      }
    },

    'every operation: a parameter in the path that breaks its schema is refused': async (context) => {
      for (const operation of operationsIn(api, context.operations)) {
        for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'path')) {
          const path = { ...examplePath(operation), [name]: 'x'.repeat(300) };
          await caller(context).send(malformed, operation.id, { path, body: exampleBody(operation) });
        }
      }
    },

    'a path that the API does not have is a 404 in its own form': async (context) => {
      await caller(context).sendTo(404, 'GET', unknownPath);
    },

    'a media type with its charset, in any case, is taken': async (context) => {
      const header = { 'Content-Type': 'Application/JSON; charset=UTF-8' };
      await caller(context).send(invalid, create, { text: '{', header });
    },

    'X-Request-Id: a sane one is kept, another is replaced, each request has its own': async (context) => {
      const ask = (header = {}) => caller(context).send(200, list, { header });
      const own = await ask({ 'X-Request-Id': context.name('request') });
      same(own, 'X-Request-Id', own.headers.get('X-Request-Id'), context.name('request'));
      const [one, two] = [await ask(), await ask()];
      const ids = [one, two].map(({ headers }) => headers.get('X-Request-Id'));
      holds(two, ids[0] !== ids[1], 'another X-Request-Id', ids[1]);
      const long = await ask({ 'X-Request-Id': 'x'.repeat(4096) });
      holds(long, long.headers.get('X-Request-Id') !== 'x'.repeat(4096), 'an X-Request-Id of a sane length', 4096);
    },
  });

export const serversRefusals = refusalChecks({
  api: 'servers',
  caller: ({ team }) => team,
  invalid: 400,
  malformed: [400, 404],
  list: 'listMcpServers',
  create: 'createMcpServer',
  unknownPath: '/api/mcp-server',
});

export const accountsRefusals = refusalChecks({
  api: 'accounts',
  caller: ({ holder }) => holder,
  invalid: 400,
  malformed: [400, 404],
  list: 'listAccounts',
  create: 'createAccount',
  unknownPath: '/integrated-account/1ba1f401-7183-47c5-9e39-e8e257e3c795/unheard-of',
});

export const operatorRefusals = refusalChecks({
  api: 'operator',
  caller: ({ operator }) => operator,
  invalid: 422,
  malformed: [422],
  list: 'listOrganizations',
  create: 'createOrganization',
  unknownPath: '/admin/api/v1/organisations',
});
