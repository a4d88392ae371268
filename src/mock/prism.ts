import { createInstance, getHttpOperationsFromSpec, type IHttpRequest } from '@stoplight/prism-http';
import pino from 'pino';
import type { Document, Operation } from '../contract/document.ts';
import type { Choice } from './preferences.ts';

/** A body that Prism has made. */
export type Mocked = {
  /** The media type. */
  readonly type: string;
  /** Undefined where the answer has none. */
  readonly body: unknown;
};

/** Makes the body of the chosen answer of an operation: of its example or, if `isDynamic`, of its schema. Rejects if Prism cannot. */
export type MakeBody = (operation: Operation, choice: Choice, isDynamic: boolean) => Promise<Mocked>;

/**
 * The only code that uses Prism. Requests were checked before: Prism's own checks differ from those of the server, and
 * its server never answers a broken body.
 */
export async function createPrism(document: Document): Promise<MakeBody> {
  // It writes into the document that it is given.
  const resources = await getHttpOperationsFromSpec(forPrism(document));
  const byPlace = new Map(resources.map((resource) => [`${resource.method} ${resource.path}`, resource]));
  const config = {
    isProxy: false,
    checkSecurity: false,
    validateRequest: false,
    validateResponse: false,
    errors: false,
    upstreamProxy: undefined,
  } as const;
  const logger = pino({ level: 'silent', customLevels: { success: 35 } });
  const prism = createInstance({ ...config, mock: { dynamic: false } }, { logger: logger as never });
  return async ({ method, path }, { status, name, type }, isDynamic) => {
    const resource = byPlace.get(`${method} ${path}`);
    const mock = { code: status, dynamic: isDynamic, ...(name !== null && !isDynamic && { exampleKey: name }) };
    const request: IHttpRequest = {
      method,
      url: { path: path.replaceAll(/[{}]/g, '') },
      headers: { accept: type ?? '*/*' },
    };
    const made = await prism.request(request, resource === undefined ? [] : [resource], { ...config, mock })();
    if (made._tag === 'Left') {
      throw made.left;
    }
    const { headers = {}, body } = made.right.output;
    return { type: headers['Content-type'] ?? 'text/plain', body };
  };
}

/** A copy in which instants have no pattern: Prism would make text of it, and then fail to read that as an instant. */
const forPrism = (document: Document): object =>
  JSON.parse(JSON.stringify(document), (_, value) => {
    if (value?.format === 'date-time') {
      delete value.pattern;
    }
    return value;
  });
