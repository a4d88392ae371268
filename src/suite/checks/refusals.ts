import type { Api } from '../apis.ts';
import type { Caller, Sent } from '../caller.ts';
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
  /** A path that accepts a POST without stored objects, and a path that the API does not have. */
  readonly collection: string;
  readonly unknownPath: string;
};

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The checks of these refusals. */
const refusalChecks = ({ api, caller, invalid, malformed, collection, unknownPath }: Refusals): Check[] =>
  checks(api, {
    'every operation: no credentials, and wrong ones, are a 401 before anything is read': async (context) => {
      requireCredentials(caller(context));
      const { credentials } = caller(context);
      for (const who of [NONE, invented(credentials)]) {
        for (const operation of operationsIn(api, context.operations)) {
          const sent = operation.object.requestBody === undefined ? {} : { text: '{' };
          await context.as(who).call(401, operation.method.toUpperCase(), examplePath(operation), sent);
        }
      }
    },

    'every operation: a body that is not JSON, whole, and an object is refused': async (context) => {
      for (const operation of operationsIn(api, context.operations)) {
        if (operation.object.requestBody !== undefined) {
          for (const text of ['{"name":', 'name=x', '[]', 'null', '"text"', '']) {
            const method = operation.method.toUpperCase();
            await caller(context).call(invalid, method, examplePath(operation), { text });
          }
        }
      }
    },

    'every operation: a body of another media type is a 415': async (context) => {
      for (const operation of operationsIn(api, context.operations)) {
        if (operation.object.requestBody !== undefined) {
          for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
            const sent: Sent = { text: '{}', headers: { 'Content-Type': type } };
            await caller(context).call(415, operation.method.toUpperCase(), examplePath(operation), sent);
          }
        }
      }
    },

    'every path: a method that the document does not have is a 405 with Allow': async (context) => {
      const byPath = Map.groupBy(operationsIn(api, context.operations), ({ path }) => path);
      for (const operations of byPath.values()) {
        const documented = operations.map(({ method }) => method.toUpperCase());
        const [first] = operations;
        for (const method of METHODS.filter((candidate) => !documented.includes(candidate))) {
          const answer = await caller(context).call(405, method, first === undefined ? '' : examplePath(first));
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
          await caller(context).call(invalid, 'GET', `${examplePath(operation)}?unheard-of=1`);
        }
      }
    },

    'every operation: a parameter in the path that breaks its schema is refused': async (context) => {
      for (const operation of operationsIn(api, context.operations)) {
        for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'path')) {
          const path = examplePath(operation, { [name]: 'x'.repeat(300) });
          await caller(context).call(malformed, operation.method.toUpperCase(), path, { body: exampleBody(operation) });
        }
      }
    },

    'a path that the API does not have is a 404 in its own form': async (context) => {
      await caller(context).call(404, 'GET', unknownPath);
    },

    'a media type with its charset, in any case, is taken': async (context) => {
      const sent: Sent = { text: '{', headers: { 'Content-Type': 'Application/JSON; charset=UTF-8' } };
      await caller(context).call(invalid, 'POST', collection, sent);
    },

    'X-Request-Id: a sane one is kept, another is replaced, each request has its own': async (context) => {
      const ask = (headers = {}) => caller(context).call(200, 'GET', collection, { headers });
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
  collection: '/api/mcp-servers',
  unknownPath: '/api/mcp-server',
});

export const accountsRefusals = refusalChecks({
  api: 'accounts',
  caller: ({ holder }) => holder,
  invalid: 400,
  malformed: [400, 404],
  collection: '/integrated-account',
  unknownPath: '/integrated-account/1ba1f401-7183-47c5-9e39-e8e257e3c795/unheard-of',
});

export const operatorRefusals = refusalChecks({
  api: 'operator',
  caller: ({ operator }) => operator,
  invalid: 422,
  malformed: [422],
  collection: '/admin/api/v1/organizations',
  unknownPath: '/admin/api/v1/organisations',
});
