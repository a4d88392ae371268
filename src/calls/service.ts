import { isObject } from '../base/is-object.ts';
import { readJson } from '../base/read-json.ts';
import { FORMATS } from '../contract/formats.ts';
import type { Integration } from '../store/integrations.ts';
import type { RequestPlan, ServerPlan, ServiceFacts } from '../tools/types.ts';
import { CallFailed } from './errors.ts';

/** The stored facts about a service, without its tools. */
export type StoredService = Omit<ServiceFacts, 'accesses'> & {
  /** Absent if the document was read before the operations counted. */
  readonly accesses?: ServiceFacts['accesses'];
  /** The URL of the document; the base of its relative server URLs. */
  readonly documentUrl: string | null;
  /** The segments of paths that are in no resource of its tools; absent for tools named by the rules of `naming` 1. */
  readonly shared?: readonly string[];
};

/** The base URL of a service. An account's variables fill `{name}` in it. */
export type Service = {
  /** Null if neither the document nor the integration names one. */
  readonly baseUrl: string | null;
  readonly variables: ServerPlan['variables'];
  readonly tokenUrl: string | undefined;
};

/** Returns the service of an integration: its own base URL takes precedence over the document's first server. */
export function serviceOf({ baseUrl, service }: Pick<Integration, 'baseUrl' | 'service'>): Service {
  const { servers, security, documentUrl } = readJson(service) as StoredService;
  const [first] = servers;
  const clientCredentials = security.find((fact) => fact.type === 'clientCredentials');
  const names = [...(baseUrl ?? '').matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name ?? '');
  return {
    baseUrl: baseUrl ?? (first === undefined ? null : dialable(absolute(first.url, documentUrl))),
    variables: baseUrl === null ? (first?.variables ?? {}) : Object.fromEntries(names.map((name) => [name, {}])),
    tokenUrl: clientCredentials?.tokenUrl,
  };
}

/** Returns null for an unusable URL: documents may contain any text. */
const dialable = (url: string | null): string | null =>
  url !== null && url.length <= 2048 && FORMATS['service-url']?.validate(url) === true ? url : null;

/** Resolves a server URL against the URL of the document; null if it is relative and that URL is unknown. */
function absolute(url: string, documentUrl: string | null): string | null {
  if (/^https?:\/\//i.test(url)) {
    return url;
  }
  // A template is no URL yet: its braces must come through as they are.
  const resolved = documentUrl === null ? null : URL.parse(url, documentUrl);
  return resolved === null ? null : resolved.href.replaceAll('%7B', '{').replaceAll('%7D', '}');
}

/** The facts about a service that calls need. */
export type CalledService = Service &
  Pick<StoredService, 'security' | 'documentUrl'> &
  Pick<ServiceFacts, 'accesses'> & {
    /** The base URL is that of the integration, which takes precedence over every server of the document. */
    readonly isBaseGiven: boolean;
  };

/** Returns the service of an integration for calls. It is the same for all accounts. */
export function calledServiceOf(integration: Pick<Integration, 'baseUrl' | 'service'>): CalledService {
  const { security, accesses = [], documentUrl } = readJson(integration.service) as StoredService;
  return { ...serviceOf(integration), security, accesses, documentUrl, isBaseGiven: integration.baseUrl !== null };
}

/** Whether a server URL names a host, or may name one once it is filled, as the parser of URLs reads it. */
const namesHost = (url: string): boolean =>
  /^(?:\{|[a-z][a-z0-9+.-]*:|\/\/)/i.test(url.replaceAll(/^[\0- ]+|[\t\n\r]/g, '').replaceAll('\\', '/'));

/**
 * Returns the base URL of a request. A base URL of the integration says where the whole service is: of the server of an
 * operation only a relative URL counts, resolved against it. Otherwise it is the server of the operation, or else of the
 * service, and a relative URL is resolved against the URL of the document, or else of the service. Throws CallFailed for
 * a variable without a value, and for an invalid URL.
 */
export function baseOf(
  service: CalledService,
  { server }: RequestPlan,
  context: Readonly<Record<string, unknown>>,
): URL {
  const given = isObject(context.variables) ? context.variables : {};
  const base = service.baseUrl === null ? null : fill({ url: service.baseUrl, variables: service.variables }, given);
  const isReplaced = server === undefined || (service.isBaseGiven && namesHost(server.url));
  const filled = isReplaced ? base : fill(server, given);
  // The value of a variable may name a host too.
  const url = filled !== null && service.isBaseGiven && namesHost(filled) ? base : filled;
  if (url === null) {
    throw new CallFailed('The URL of the service is unknown: set a base_url for the integration.');
  }
  const from = service.isBaseGiven ? base : (service.documentUrl ?? base);
  const parsed = URL.parse(url) ?? URL.parse(url, from ?? '');
  if (parsed === null) {
    throw new CallFailed('The server URL of the tool is invalid: set a base_url for the integration.');
  }
  return parsed;
}

/**
 * Resolves a token URL of the document: a relative one against the URL of the document, or else the base URL of the
 * service. Null if it cannot be resolved. Throws like `baseOf`.
 */
export function documentedTokenUrl(
  service: CalledService,
  address: string,
  context: Readonly<Record<string, unknown>>,
): URL | null {
  const absolute = URL.parse(address) ?? URL.parse(address, service.documentUrl ?? '');
  return absolute ?? (service.baseUrl === null ? null : URL.parse(address, baseOf(service, ANYWHERE, context).href));
}

/** A base URL needs no more of a plan than its server. */
const ANYWHERE: RequestPlan = { path: '/', parameters: [] };

function fill({ url, variables }: ServerPlan, given: Readonly<Record<string, unknown>>): string {
  return url.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = Object.hasOwn(given, name) ? given[name] : variables[name]?.default;
    if (typeof value !== 'string') {
      throw new CallFailed(`The server URL of the tool needs the variable ${JSON.stringify(name)} of the account.`);
    }
    return value;
  });
}
