import { isObject } from '../base/json.ts';
import { FORMATS } from '../contract/formats.ts';
import type { Integration } from '../store/integrations.ts';
import type { RequestPlan, ServerPlan, ServiceFacts } from '../tools/types.ts';
import { CallFailed } from './errors.ts';

/** What is stored of a service beside its tools. */
export type StoredService = ServiceFacts & {
  /** Where the document came from; its relative server URLs are meant from there. */
  readonly documentUrl: string | null;
};

/** Where requests to a service go. `{name}` in the base URL is filled by an account's variables. */
export type Service = {
  /** Null when neither the document nor the integration names one. */
  readonly baseUrl: string | null;
  readonly variables: ServerPlan['variables'];
  readonly tokenUrl: string | undefined;
};

/** The service of an integration: its own base URL goes before the document's first server. */
export function serviceOf({ baseUrl, service }: Pick<Integration, 'baseUrl' | 'service'>): Service {
  const { servers, security, documentUrl } = JSON.parse(service) as StoredService;
  const [first] = servers;
  const clientCredentials = security.find((fact) => fact.type === 'clientCredentials');
  const names = [...(baseUrl ?? '').matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name ?? '');
  return {
    baseUrl: baseUrl ?? (first === undefined ? null : dialable(absolute(first.url, documentUrl))),
    variables: baseUrl === null ? (first?.variables ?? {}) : Object.fromEntries(names.map((name) => [name, {}])),
    tokenUrl: clientCredentials?.tokenUrl,
  };
}

/** Null for what nobody can dial: documents say what they like. */
const dialable = (url: string | null): string | null =>
  url !== null && url.length <= 2048 && FORMATS['service-url']?.validate(url) === true ? url : null;

/** A server URL of a document, from where the document came; null when it is relative and nobody knows from where. */
function absolute(url: string, documentUrl: string | null): string | null {
  if (/^https?:\/\//i.test(url)) {
    return url;
  }
  // A template is no URL yet: its braces must come through as they are.
  const resolved = documentUrl === null ? null : URL.parse(url, documentUrl);
  return resolved === null ? null : resolved.href.replaceAll('%7B', '{').replaceAll('%7D', '}');
}

/** What calls need to know of a service. */
export type CalledService = Service & Pick<StoredService, 'security' | 'documentUrl'>;

/** The service of an integration, for calls. The same for all of its accounts. */
export function calledServiceOf(integration: Pick<Integration, 'baseUrl' | 'service'>): CalledService {
  const { security, documentUrl } = JSON.parse(integration.service) as StoredService;
  return { ...serviceOf(integration), security, documentUrl };
}

/**
 * The URL below which the path of a request lies: the server that the operation names for itself, else the service's.
 * A relative one is meant from where the document came, else from the service. Throws CallFailed for a variable without
 * a value, and for what is no URL.
 */
export function baseOf(
  service: CalledService,
  { server }: RequestPlan,
  context: Readonly<Record<string, unknown>>,
): URL {
  const given = isObject(context.variables) ? context.variables : {};
  const base = service.baseUrl === null ? null : fill({ url: service.baseUrl, variables: service.variables }, given);
  const url = server === undefined ? base : fill(server, given);
  if (url === null) {
    throw new CallFailed('Nobody says where the service is: the integration needs a base_url.');
  }
  const parsed = URL.parse(url) ?? URL.parse(url, service.documentUrl ?? base ?? '');
  if (parsed === null) {
    throw new CallFailed('The server URL of the tool cannot be read: the integration needs a base_url.');
  }
  return parsed;
}

function fill({ url, variables }: ServerPlan, given: Readonly<Record<string, unknown>>): string {
  return url.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = Object.hasOwn(given, name) ? given[name] : variables[name]?.default;
    if (typeof value !== 'string') {
      throw new CallFailed(`The server URL of the tool needs the variable ${JSON.stringify(name)} of the account.`);
    }
    return value;
  });
}
