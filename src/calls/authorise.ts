import { isObject } from '../base/is-object.ts';
import type { ServiceAccount } from '../store/accounts.ts';
import type { RequestPlan, Requirement, SecurityFact } from '../tools/types.ts';
import { CallFailed } from './errors.ts';
import { credentialsFor, misfitOf, unsupported } from './scheme-credentials.ts';
import { baseOf, type CalledService } from './service.ts';

/** The facts about an account that calls need. */
export type CalledAccount = Pick<
  ServiceAccount,
  'id' | 'version' | 'authenticationMethod' | 'context' | 'isByOperation'
>;

/** How an account satisfies what an operation demands. */
export type Authorisation =
  /** With a credential for each of these schemes; none for a public operation, or where a fixed value is enough. */
  | { readonly kind: 'schemes'; readonly schemes: readonly SecurityFact[] }
  /** Nobody knows what it demands: as the document as a whole says. */
  | { readonly kind: 'document' }
  | { readonly kind: 'refused'; readonly reason: string };

/** What an account is allowed to call, by the document. */
export type Authoriser = {
  readonly of: (request: Pick<RequestPlan, 'access'>) => Authorisation;
  /** The account satisfies no operation of the document, so none is refused. */
  readonly isHelpless: boolean;
  /** Equal for accounts of one integration version that may call the same tools. */
  readonly key: string;
};

const DOCUMENT: Authorisation = { kind: 'document' };
const known = new WeakMap<CalledAccount, { readonly service: CalledService; readonly authoriser: Authoriser }>();

/**
 * Returns what an account is allowed to call of a service. Accounts that were made before the operations counted are
 * refused nothing.
 */
export function authoriserOf(account: CalledAccount, service: CalledService): Authoriser {
  const found = known.get(account);
  if (found?.service === service) {
    return found.authoriser;
  }
  const all = account.isByOperation
    ? service.accesses.map((access): Authorisation => {
        const found = satisfy(account, service.security, access.requirements);
        const elsewhere = needsCredentials(found) ? elsewhereOf(account, service, access) : null;
        return elsewhere === null ? found : { kind: 'refused', reason: elsewhere };
      })
    : [];
  const isHelpless = all.length > 0 && all.every(({ kind }) => kind === 'refused');
  const authoriser: Authoriser = {
    of: ({ access }) => (isHelpless || access === undefined ? DOCUMENT : (all[access] ?? DOCUMENT)),
    isHelpless,
    key: isHelpless ? '' : all.map(({ kind }) => (kind === 'refused' ? '0' : '1')).join(''),
  };
  known.set(account, { service, authoriser });
  return authoriser;
}

const needsCredentials = (found: Authorisation): boolean => found.kind === 'schemes' && found.schemes.length > 0;

/** The first requirement that the account satisfies with a credential, or else one that demands nothing. */
function satisfy(
  account: CalledAccount,
  security: readonly SecurityFact[],
  requirements: readonly Requirement[],
): Authorisation {
  const byName = new Map(security.map((fact) => [fact.scheme, fact]));
  const free = requirements.length === 0 || requirements.some((requirement) => requirement.length === 0);
  for (const requirement of requirements.filter(({ length }) => length > 0)) {
    const facts = requirement.flatMap((scheme) => byName.get(scheme) ?? []);
    const open = facts.filter((fact) => !isFixed(fact, account.context));
    if (
      facts.length === requirement.length &&
      open.every((fact) => canSatisfy(account, fact)) &&
      haveOwnPlaces(account, open)
    ) {
      return { kind: 'schemes', schemes: open };
    }
  }
  return free ? { kind: 'schemes', schemes: [] } : { kind: 'refused', reason: reasonOf(account, byName, requirements) };
}

/** Two credentials at one place, or two places for one credential, satisfy nothing. */
function haveOwnPlaces({ authenticationMethod }: CalledAccount, facts: readonly SecurityFact[]): boolean {
  const places = new Set(facts.map(placeOf)).size;
  return authenticationMethod === 'schemes' ? places === facts.length : places <= 1;
}

/** The place of a scheme's credential in requests. */
export const placeOf = (fact: SecurityFact): string =>
  fact.type === 'apiKey'
    ? `${fact.in} ${fact.in === 'header' ? fact.name.toLowerCase() : fact.name}`
    : 'header authorization';

/** Whether a fixed header or query parameter of the account stands at the place of a scheme. */
function isFixed(fact: SecurityFact, { headers, query }: CalledAccount['context']): boolean {
  const place = placeOf(fact);
  return (
    namesOf(headers).some((name) => `header ${name.toLowerCase()}` === place) ||
    namesOf(query).some((name) => `query ${name}` === place)
  );
}

const namesOf = (values: unknown): string[] => (isObject(values) ? Object.keys(values) : []);

function canSatisfy({ authenticationMethod, context }: CalledAccount, fact: SecurityFact): boolean {
  switch (authenticationMethod) {
    case 'none':
      return false;
    case 'api_key':
      return fact.type === 'apiKey';
    case 'basic':
      return fact.type === 'http' && fact.httpScheme === 'basic';
    case 'bearer':
      return isOfTokens(fact) || (fact.type === 'http' && fact.httpScheme === 'bearer');
    case 'oauth2_client_credentials':
      return isOfTokens(fact);
    case 'schemes': {
      const credentials = credentialsFor(context, fact.scheme);
      return credentials !== null && misfitOf(fact, credentials) === null;
    }
  }
}

const isOfTokens = ({ type }: SecurityFact): boolean => ['clientCredentials', 'oauth2', 'openIdConnect'].includes(type);

const MAX_REASON_CHARS = 256;

function reasonOf(
  { authenticationMethod }: CalledAccount,
  byName: ReadonlyMap<string, SecurityFact>,
  requirements: readonly Requirement[],
): string {
  const named = (scheme: string): string => {
    const fact = byName.get(scheme);
    const fault = fact === undefined ? 'is not in the document' : unsupported(fact);
    return fault === null ? scheme : `${scheme} (which ${fault})`;
  };
  const wanted = requirements.map((requirement) => requirement.map(named).join(' and ')).join(', or ');
  const cut = wanted.length > MAX_REASON_CHARS ? `${wanted.slice(0, MAX_REASON_CHARS)}…`.toWellFormed() : wanted;
  return `It requires ${cut}; the account has no credential for this (authentication_method ${authenticationMethod}).`;
}

/**
 * Returns why a request gets no credentials: it goes to another origin than the service, which the account does not
 * name. Null if it gets them.
 */
function elsewhereOf(
  account: CalledAccount,
  service: CalledService,
  { server }: Pick<RequestPlan, 'server'>,
): string | null {
  const origin = originOf(() => baseOf(service, planned(server), account.context));
  return origin === null || isOwnOrigin(account, service, origin)
    ? null
    : `It goes to ${origin}, which gets no credentials: add it to \`origins\` in the context of the account.`;
}

/** Whether an origin is that of the service, or one that the account names in `origins`. */
export function isOwnOrigin({ context }: CalledAccount, service: CalledService, origin: string): boolean {
  const own = originOf(() => baseOf(service, planned(undefined), context));
  return own === null || own === origin || (Array.isArray(context.origins) && context.origins.includes(origin));
}

const planned = (server: RequestPlan['server']): RequestPlan => ({
  path: '/',
  parameters: [],
  ...(server !== undefined && { server }),
});

/** Null for a URL that cannot be made: the call says so itself. */
function originOf(read: () => URL): string | null {
  try {
    return read().origin;
  } catch (error) {
    if (error instanceof CallFailed) {
      return null;
    }
    throw error;
  }
}
