import { Unusable } from './errors.ts';
import { arrayOf, type Node, nodeOf, type References, stringsOf, textOf } from './nodes.ts';
import type { ParameterPlace, SecurityFact, ServerPlan } from './types.ts';

/** Returns the servers of a document, a path or an operation, in order. Servers without a URL are left out. */
export function serversOf(value: unknown): ServerPlan[] {
  return arrayOf(value).flatMap((server) => {
    const { url, variables } = nodeOf(server);
    if (typeof url !== 'string') {
      return [];
    }
    const declared = nodeOf(variables);
    const names = [...url.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '');
    return [
      {
        url,
        variables: Object.fromEntries(
          names.map((name) => [name, variableOf(nodeOf(Object.hasOwn(declared, name) ? declared[name] : undefined))]),
        ),
      },
    ];
  });
}

function variableOf(variable: Node): ServerPlan['variables'][string] {
  const values = stringsOf(variable.enum);
  return {
    ...(variable.default === undefined ? {} : { default: textOf(variable.default) }),
    ...(values.length > 0 ? { enum: values } : {}),
  };
}

/**
 * Returns what the security schemes of the document demand: API keys, HTTP authentication, OAuth 2 and OpenID Connect.
 * Other and unreadable schemes are unsupported.
 */
export function securityOf(references: References, document: Node): SecurityFact[] {
  const schemes = Object.entries(nodeOf(nodeOf(document.components).securitySchemes));
  const everywhere = arrayOf(document.security).flatMap((requirement) => Object.keys(nodeOf(requirement)));
  const rank = ({ scheme }: SecurityFact): number => (everywhere.includes(scheme) ? 0 : 1);
  return schemes
    .map(([name, scheme]) => factOf(name, schemeOf(references, scheme)))
    .toSorted((a, b) => rank(a) - rank(b));
}

function schemeOf(references: References, scheme: unknown): Node {
  try {
    return nodeOf(references.follow(scheme).value);
  } catch (error) {
    if (error instanceof Unusable) {
      return {};
    }
    throw error;
  }
}

function factOf(scheme: string, node: Node): SecurityFact {
  const { type, name, in: place, scheme: httpScheme } = node;
  if (type === 'apiKey' && typeof name === 'string' && ['header', 'query', 'cookie'].includes(textOf(place))) {
    return { type, scheme, in: place as ParameterPlace, name };
  }
  if (type === 'http' && typeof httpScheme === 'string') {
    return { type, scheme, httpScheme: httpScheme.toLowerCase() };
  }
  const flow = nodeOf(nodeOf(node.flows).clientCredentials);
  if (type === 'oauth2' && typeof flow.tokenUrl === 'string') {
    return { type: 'clientCredentials', scheme, tokenUrl: flow.tokenUrl, scopes: Object.keys(nodeOf(flow.scopes)) };
  }
  return { type: type === 'oauth2' || type === 'openIdConnect' ? type : 'unsupported', scheme };
}
