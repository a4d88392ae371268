import { APIS, type Api } from '../apis.ts';
import type { Caller } from '../caller.ts';
import { type Check, type Context, checks } from '../check.ts';
import { NONE } from '../credentials.ts';
import { requireCredentials } from '../deployment.ts';
import { documents, examplePath, exampleQuery, isEndless, operationsIn } from './documented.ts';

const CALLERS: Readonly<Record<Api, (context: Context) => Caller>> = {
  servers: ({ team }) => team,
  operator: ({ operator }) => operator,
  accounts: ({ holder }) => holder,
};

/** Every GET of an API, with the examples of the document: they hold for a mock as they do for a server. */
const readOnlyChecksOf = (api: Api): Check[] =>
  checks(
    api,
    {
      'every GET: it is answered as documented, be the example there or not': async (context) => {
        const ending = operationsIn(api, context.operations).filter((operation) => !isEndless(operation));
        for (const operation of ending.filter(({ method }) => method === 'get')) {
          // 502: the example is there, and nobody answers at its URL.
          const expected = [200, 404, 502].filter((status) => documents(operation, status));
          await CALLERS[api](context).send(expected, operation.id, { path: examplePath(operation) });
        }
      },

      'every GET: its parameters are taken, one by one': async (context) => {
        for (const operation of operationsIn(api, context.operations).filter(({ method }) => method === 'get')) {
          // A cursor means something only to the server that made it.
          const parameters = exampleQuery(operation).filter(([name]) => !['cursor', 'next_cursor'].includes(name));
          for (const [name, example] of parameters) {
            const sent = { path: examplePath(operation), query: { [name]: example } };
            await CALLERS[api](context).send([200, 404], operation.id, sent);
          }
        }
      },

      'every GET: without credentials it is a 401': async (context) => {
        requireCredentials(CALLERS[api](context));
        for (const operation of operationsIn(api, context.operations).filter(({ method }) => method === 'get')) {
          await context.as(NONE).send(401, operation.id, { path: examplePath(operation) });
        }
      },
    },
    true,
  );

/** Checks for a mock, and for a server that must not be changed. */
export const readOnlyChecks = APIS.flatMap(readOnlyChecksOf);
