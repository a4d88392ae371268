import { isShallow } from '../base/json.ts';
import { percentEncode, percentEncodeName } from '../base/percent.ts';
import { bodyArgumentsOf } from '../tools/body-arguments.ts';
import type { BodyPlan, DerivedTool, ParameterPlace, ParameterPlan, RequestPlan } from '../tools/types.ts';
import { bodyOf } from './body.ts';
import { ArgumentError } from './errors.ts';
import { isHeaderName, isHeaderValue, isOurs } from './headers.ts';
import { fillPath } from './paths.ts';
import { headerText, joinPairs, type Pair, pairsOf } from './styles.ts';
import type { Arguments, Credential, HttpRequest } from './types.ts';

/**
 * Makes the request of a tool: fills the plan with arguments, below the base URL, and adds the credentials. Pure.
 *
 * Throws an ArgumentError that names the argument if it is missing, unknown, or cannot be written in its place. Leaves
 * out parameters with the name of a credential, and headers that the gateway writes. Cookies with several values
 * become several cookies.
 */
export function buildRequest(
  { verb, request }: Pick<DerivedTool, 'verb' | 'request'>,
  base: URL,
  credentials: readonly Credential[],
  args: Arguments,
): HttpRequest {
  const rest = unplanned(request, args);
  const { url, headers } = headOf(request, base, credentials, args);
  const body = request.body === undefined ? null : bodyOf(request.body, args, rest);
  return {
    method: verb,
    url,
    headers: body === null ? headers : { ...headers, 'content-type': body.contentType },
    body: body?.bytes ?? null,
  };
}

/**
 * Makes the URL and the headers of a request, without the headers of its body. Throws an ArgumentError like
 * `buildRequest`.
 */
export function headOf(
  request: RequestPlan,
  base: URL,
  credentials: readonly Credential[],
  args: Arguments,
): Pick<HttpRequest, 'url' | 'headers'> {
  if (!isShallow(args)) {
    throw new ArgumentError('The arguments are nested too deeply.');
  }
  const within = (place: ParameterPlace) => credentials.filter((credential) => credential.in === place);
  const pairs = (place: ParameterPlace): Pair[] =>
    given(request, place, args)
      .flatMap(({ plan, value }) => pairsOf(plan, value))
      .filter(({ name }) => !within(place).some((credential) => isSameName(name, credential.name)));
  const cookies = [
    ...pairs('cookie').map(({ name, text }) => `${percentEncode(name)}=${text}`),
    ...within('cookie').map(({ name, value }) => `${name}=${value}`),
    ...within('header').flatMap(({ name, value }) => (isCookie(name) ? [value] : [])),
  ];
  const headers = {
    ...headersOf(request, within('header'), args),
    ...(cookies.length === 0 ? {} : { cookie: cookies.join('; ') }),
  };
  const query = [
    request.query ?? '',
    joinPairs(pairs('query')),
    ...within('query').map(({ name, value }) => `${percentEncodeName(name)}=${percentEncode(value)}`),
  ];
  const url = urlOf(base, fillPath(request.path, request.parameters, args), query);
  return { url, headers };
}

/** The arguments that no plan names: members of a body that takes any, else a mistake. */
function unplanned({ parameters, body }: RequestPlan, args: Arguments): Arguments {
  const planned = new Set(parameters.map(({ argument }) => argument));
  for (const argument of bodyArgumentsOf(body)) {
    planned.add(argument);
  }
  const rest = Object.entries(args).filter(([name]) => !planned.has(name));
  const [first] = rest;
  const takesAny = body !== undefined && body.kind !== 'root' && body.rest === true && !isHeld(body);
  if (first !== undefined && !takesAny) {
    throw new ArgumentError(`There is no argument ${JSON.stringify(first[0])}.`);
  }
  return Object.fromEntries(rest);
}

const isHeld = (body: BodyPlan): boolean => body.kind !== 'json' && body.argument !== undefined;

/** The parameters of a place that have a value. */
function given(
  { parameters }: RequestPlan,
  place: ParameterPlace,
  args: Arguments,
): { readonly plan: ParameterPlan; readonly value: unknown }[] {
  return parameters
    .filter((plan) => plan.in === place && Object.hasOwn(args, plan.argument))
    .map((plan) => ({ plan, value: args[plan.argument] }))
    .filter(({ value }) => value !== null && value !== undefined);
}

/** Services may read names in any case, and `key[]` as another value of `key`. */
const isSameName = (name: string, secret: string): boolean =>
  name.replace(/\[.*$/s, '').toLowerCase() === secret.toLowerCase();

const isCookie = (name: string): boolean => name.toLowerCase() === 'cookie';

function headersOf(request: RequestPlan, credentials: readonly Credential[], args: Arguments): Record<string, string> {
  const secrets = credentials.map(({ name, value }) => [name.toLowerCase(), value] as const);
  const written = given(request, 'header', args)
    .filter(({ plan }) => !isOurs(plan.name) && !secrets.some(([name]) => name === plan.name.toLowerCase()))
    .map(({ plan, value }) => {
      const text = headerText(plan, value);
      if (!isHeaderName(plan.name) || !isHeaderValue(text)) {
        throw new ArgumentError(
          `The argument ${JSON.stringify(plan.argument)} cannot be written in a header: it must be one line of Latin-1.`,
        );
      }
      return [plan.name.toLowerCase(), text] as const;
    });
  return Object.fromEntries([...written, ...secrets]);
}

/** The URL of a request, below the base. */
function urlOf(base: URL, path: string, query: readonly string[]): string {
  const url = new URL(base);
  url.hash = '';
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${path.replace(/^\//, '')}`;
  url.search = [base.search.slice(1), ...query].filter((part) => part !== '').join('&');
  return url.href;
}
