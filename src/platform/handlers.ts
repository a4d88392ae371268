import type { Response } from 'express';
import { dump } from 'js-yaml';
import type { Document } from '../contract/document.ts';
import type { RawHandlers } from '../contract/register.ts';
import type { Deps } from '../deps.ts';
import { defaultServer, docsGroups } from '../docs/document.ts';
import { errorsPage } from '../docs/errors-page.ts';
import { llmsIndex, operationPage, pageName } from '../docs/markdown.ts';
import { notFound } from '../errors.ts';
import { StoreUnavailable } from '../store/store.ts';

/** The documentation page that `npm run docs` builds; null when it is not built. */
export type DocsFolder = { readonly read: () => Promise<string | null> };

/** Platform: the process itself, and the document. */
export const platformHandlers = (deps: Deps, document: Document, docs: DocsFolder): RawHandlers => {
  const { publicUrl } = deps;
  const published = { ...document, servers: [{ url: publicUrl, description: 'This server' }] };
  const json = JSON.stringify(published);
  const operationPages = new Map(
    docsGroups(document)
      .flatMap(({ operations }) => operations)
      .map((operation) => [pageName(operation), once(() => operationPage(document, operation, publicUrl))]),
  );
  const yaml = once(() => dump(published, { noRefs: true }));
  const index = once(() => llmsIndex(document, `${publicUrl}/`));
  const errors = once(errorsPage);
  let docsPage: string | null = null;
  return {
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

    getDocs: async (_request, response) => {
      // Its samples ask the server that the document names; here they ask this one.
      docsPage ??= (await docs.read())?.replaceAll(defaultServer(document), () => publicUrl) ?? null;
      if (docsPage === null) {
        response
          .status(503)
          .set('Retry-After', '60')
          .type('text')
          .send('The documentation is not built. Run: npm run docs');
        return;
      }
      response.type('html').send(docsPage);
    },

    getDocsPage: (request, response) => {
      const name = String(request.params.page);
      const page = name === 'errors.md' ? errors() : operationPages.get(name)?.();
      if (page === undefined) {
        throw notFound('Page', `There is no page ${JSON.stringify(name)}; /llms.txt lists them all.`);
      }
      response.type('text/markdown').send(page);
    },

    getLlmsTxt: (_request, response) => response.type('text/markdown').send(index()),

    getOpenApiJson: (_request, response) => response.type('json').send(json),
    getOpenApiYaml: (_request, response) => response.type('application/yaml').send(yaml()),
  };
};

/** Strangers may ask for it as often as they like, so it is made once, when the first one does. */
function once(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function sendJson(response: Response, status: number, body: unknown): void {
  response.status(status).type('json').send(JSON.stringify(body));
}
