import { Router } from 'express';
import { ICON } from '../docs/icon.ts';
import { consoleAssets, consolePage } from './console-page.ts';
import { publish, sendPublished } from './published.ts';

/** Minted URLs are secrets, and answers of the APIs are of no use to a search engine. */
const ROBOTS = ['User-agent: *', 'Disallow: /', 'Allow: /docs', 'Allow: /llms.txt', 'Allow: /openapi.json', ''].join(
  '\n',
);

/**
 * Routes of what browsers and crawlers ask for by themselves, of the console, and of the address of the documentation with
 * a slash. They are not in the document: no client of an API calls them. `publicPath` precedes the paths for clients.
 */
export function browserFiles(publicPath: string): Router {
  const icon = publish('image/svg+xml', ICON);
  const robots = publish('text/plain; charset=utf-8', ROBOTS);
  const sendConsole = consolePage(publicPath);
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/favicon.ico', (request, response) => sendPublished(request, response, icon));
  router.get('/robots.txt', (request, response) => sendPublished(request, response, robots));
  router.get('/docs/', (_request, response) => response.status(302).set('Location', `${publicPath}/docs`).end());
  router.get('/console/assets/:file', consoleAssets());
  router.get(['/console', '/console/', '/console/*page'], (request, response, next) =>
    request.path.startsWith('/console/assets/') ? next() : sendConsole(response),
  );
  return router;
}
