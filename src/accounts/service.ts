import { FORMATS } from '../contract/formats.ts';
import type { Integration } from '../store/integrations.ts';
import type { ServerPlan, ServiceFacts } from '../tools/types.ts';

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
