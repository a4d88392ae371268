import type { Response } from 'express';
import { dump } from 'js-yaml';
import { notFound } from '../base/errors.ts';
import type { Document } from '../contract/document.ts';
import type { RawHandlers } from '../contract/register.ts';
import type { Deps } from '../deps.ts';
import type { DocsFolder } from '../docs/built.ts';
import { defaultServer, docsDocument } from '../docs/document.ts';
import { llmsIndex } from '../docs/markdown.ts';
import { allowOwnScripts } from '../docs/script-hashes.ts';
import { StoreUnavailable } from '../store/store.ts';
import { consolePage } from './console-page.ts';
import { publishedPages } from './pages.ts';
import { PAGE_HEADERS, type Published, publish, sendPublished } from './published.ts';

/** The handlers of the process itself, and of the document. */
export type PlatformHandlers = Omit<
  RawHandlers,
  'streamApprovalEvents' | 'deleteSession' | 'beginSignIn' | 'finishSignIn'
>;

/** The parts of a server that answer for it here. */
type Process = Pick<Deps, 'publicUrl' | 'metrics'> & {
  readonly store: Pick<Deps['store'], 'check'>;
  /** Whether people sign in with an OpenID provider. */
  readonly hasProvider: boolean;
};

/** Platform: the process itself, and the document. */
export const platformHandlers = (deps: Process, document: Document, docs: DocsFolder): PlatformHandlers => {
  const { publicUrl, hasProvider } = deps;
  const published = { ...document, servers: [{ url: publicUrl, description: 'This server' }] };
  const pages = publishedPages(document, publicUrl);
  const json = once(() => publish('application/json; charset=utf-8', JSON.stringify(published)));
  const yaml = once(() => publish('application/yaml; charset=utf-8', dump(published, { noRefs: true })));
  const index = once(() => publish(MARKDOWN, llmsIndex(document, `${publicUrl}/`)));
  /** Read once for all who ask before it is there. One that is not built is looked for again. */
  let reading: Promise<Published | null> | undefined;
  const readPage = async (): Promise<Published | null> => {
    // Its samples ask the server that the document names; here they ask this one.
    const page = (await docs.read())?.replaceAll(defaultServer(document), () => publicUrl);
    return page === undefined ? null : publish('text/html; charset=utf-8', allowOwnScripts(page), PAGE_HEADERS);
  };
  const docsPage = async (): Promise<Published | null> => {
    reading ??= readPage();
    const page = await reading;
    reading = page === null ? undefined : reading;
    return page;
  };
  const { info } = docsDocument(document);
  const publicPath = new URL(publicUrl).pathname.replace(/\/$/, '');
  const sendConsole = consolePage(publicPath);
  return {
    getIndex: (request, response) => {
      response.vary('Accept');
      if (request.accepts(['json', 'html']) === 'html') {
        response.status(302).set('Location', `${publicPath}/console`).end();
        return;
      }
      sendJson(response, 200, {
        name: info.title,
        version: info.version,
        console: `${publicUrl}/console`,
        sign_in: hasProvider ? `${publicUrl}/console/sign-in` : null,
        documentation: `${publicUrl}/docs`,
        openapi: `${publicUrl}/openapi.json`,
        llms: `${publicUrl}/llms.txt`,
        health: `${publicUrl}/healthz`,
      });
    },

    getApprovalPage: async (request, response) => {
      const id = String(request.params.approvalRequestId);
      if (!APPROVAL_REQUEST_ID.test(id)) {
        throw notFound('Page', `There is no approval request ${JSON.stringify(id)}: an id is apr_ and a UUID.`);
      }
      await sendConsole(response);
    },

    getHealth: (_request, response) => sendJson(response, 200, { status: 'ok' }),

    getReadiness: async (_request, response) => {
      try {
        await deps.store.check();
        sendJson(response, 200, { status: 'ready', reason: null });
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) {
          throw error;
        }
        response.set('Retry-After', String(error.retryAfterSeconds));
        sendJson(response, 503, { status: 'unavailable', reason: 'The database cannot be used right now.' });
      }
    },

    getMetrics: async (_request, response) => {
      const { registry } = deps.metrics;
      response.type(registry.contentType).send(await registry.metrics());
    },

    getDocs: async (request, response) => {
      const page = await docsPage();
      if (page === null) {
        response
          .status(503)
          .set('Retry-After', '60')
          .type('text')
          .send('The documentation is not built. Run: npm run docs');
        return;
      }
      await sendPublished(request, response, page);
    },

    getDocsPage: async (request, response) => {
      const name = String(request.params.page);
      const page = await pages(name);
      if (page === undefined) {
        throw notFound('Page', `There is no page ${JSON.stringify(name)}; /llms.txt lists them all.`);
      }
      await sendPublished(request, response, page);
    },

    getLlmsTxt: (request, response) => sendPublished(request, response, index()),

    getOpenApiJson: (request, response) => sendPublished(request, response, json()),
    getOpenApiYaml: (request, response) => sendPublished(request, response, yaml()),
  };
};

const APPROVAL_REQUEST_ID = /^apr_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MARKDOWN = 'text/markdown; charset=utf-8';

/** Strangers may ask for it as often as they like, so it is made once, when the first one does. */
function once(make: () => Published): () => Published {
  let made: Published | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function sendJson(response: Response, status: number, body: unknown): void {
  response.status(status).type('json').send(JSON.stringify(body));
}
