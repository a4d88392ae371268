import { type Service, type StoredService, serviceOf } from '../accounts/service.ts';
import { isObject } from '../base/json.ts';
import type { Integration } from '../store/integrations.ts';
import type { RequestPlan, ServerPlan } from '../tools/types.ts';
import { CallFailed } from './errors.ts';

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
