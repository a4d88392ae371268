import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import createFetchClient from 'openapi-fetch';
import createQueryClient from 'openapi-react-query';
import type { components, paths } from '../../generated/api.ts';
import { isObject } from '../base/is-object.ts';

/** The types of the document. */
export type Schemas = components['schemas'];

/** The path that precedes all paths of the server, if a proxy adds one. */
export const PUBLIC_PATH = document.querySelector<HTMLMetaElement>('meta[name=gatehouse-path]')?.content ?? '';

/** A mistake of a request, as the API names it: the place of a field, and a sentence. */
export type FieldProblem = { readonly field: string; readonly message: string };

/** An answer that is an error: the sentence of the API, and where its documentation explains it. */
export class Problem extends Error {
  readonly status: number;
  /** The page of the documentation about this error; null if the API names none. */
  readonly help: string | null;
  readonly fields: readonly FieldProblem[];
  /** What the API tells in addition, such as the `reason` of a failed reload. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    message: string,
    help: string | null,
    fields: readonly FieldProblem[] = [],
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.details = details;
    this.name = 'Problem';
    this.status = status;
    this.help = help;
    this.fields = fields;
  }
}

/** The typed client of this server. The browser sends the cookie of the session. Errors are thrown as `Problem`. */
export const client = createFetchClient<paths>({
  baseUrl: location.origin + PUBLIC_PATH,
  credentials: 'same-origin',
});

client.use({
  onResponse: async ({ response, schemaPath }) => {
    // Nobody is signed in: an answer like any other.
    const isNobody = response.status === 401 && schemaPath === '/console/session';
    if (response.ok || isNobody) {
      return;
    }
    if (response.status === 401) {
      // The session has ended, and the shell leads to the page where people sign in.
      queries.setQueryData(SESSION_KEY, null);
    }
    throw await problemOf(response);
  },
  onError: () => new Problem(0, 'The server cannot be reached. Check the network, and try again.', null),
});

/** The key of the session among the queries. */
export const SESSION_KEY = ['session'];

/** The answers that the pages share. Each is asked for again when a person comes back to the window. */
export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache(),
  mutationCache: new MutationCache({
    // A change may show on any page.
    onSuccess: () => queries.invalidateQueries(),
  }),
  defaultOptions: {
    // The server may be on this machine, which a browser without a network reaches; where it does not, an error says so.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 5_000,
      // An answer that says no says it again; a network that is gone may come back.
      retry: (count, error) => error instanceof Problem && error.status === 0 && count < 2,
    },
  },
});

/** The operations of the document as hooks. */
export const api = createQueryClient(client);

/** Reads the error of any of the three APIs. Each has an envelope of its own. */
async function problemOf(response: Response): Promise<Problem> {
  const help = /<([^>]*)>[^,]*rel="?help"?/.exec(response.headers.get('Link') ?? '')?.[1] ?? null;
  const body: unknown = await response.json().catch(() => null);
  const outer = isObject(body) ? body : {};
  const inner = isObject(outer.error) ? outer.error : outer;
  const texts = [inner.message, outer.error, outer.message].filter((text) => typeof text === 'string');
  // The Servers API says the sentence in `error`, the others in `message`.
  const text = outer.status === 'error' ? outer.error : texts[0];
  const details = isObject(inner.details) ? inner.details : {};
  const mistakes = [inner.fieldErrors, details.failures].find(Array.isArray) ?? [];
  const fields = mistakes.filter(isObject).map(({ field, path, message }) => ({
    field: String(field ?? path).replace(/^body\./, ''),
    message: String(message),
  }));
  const sentence = typeof text === 'string' ? text : `The server answered ${response.status}.`;
  // The Servers API lists the mistakes of fields in its sentence, each with the place before it.
  return fields.length === 0 && MISTAKES.test(sentence)
    ? new Problem(response.status, String(outer.message), help, mistakesIn(sentence))
    : new Problem(response.status, sentence, help, fields, details);
}

const MISTAKES = /^body\.[^:]+: /;

const mistakesIn = (sentence: string): FieldProblem[] =>
  sentence.split(/; (?=body\.)/).map((mistake) => {
    const end = mistake.indexOf(': ');
    return { field: mistake.slice(0, end).replace(/^body\./, ''), message: mistake.slice(end + 2) };
  });
