import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Request, Response } from 'express';
import { escapeHtml } from '../base/html.ts';
import { packageFile } from '../base/package-file.ts';
import { type Published, publish, sendPublished } from './published.ts';

const FOLDER = 'dist/console';
/** The names that the build gives to files: with a hash of their content. */
const ASSET = /^[\w-]+\.(?:js|css)$/;
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** An error that the page shows to people, with its HTTP status. */
type PageProblem = { readonly status: number; readonly message: string };
const NONE: PageProblem = { status: 200, message: '' };

/** Sends the page of the console: the same for everybody and for each of its addresses, except for an error of this request. */
export type SendConsole = (response: Response, problem?: PageProblem) => Promise<void>;

/**
 * Returns the function that answers with the page of the console, made anew each time: its styles carry a number that is
 * used once. Answers 503 if the console is not built. `publicPath` precedes the paths for clients.
 */
export function consolePage(publicPath: string): SendConsole {
  return async (response, { status, message } = NONE) => {
    const built = await readBuilt('index.html');
    if (built === null) {
      response
        .status(503)
        .set('Retry-After', '60')
        .type('text')
        .send('The console is not built. Run: npm run build:console');
      return;
    }
    const nonce = randomBytes(18).toString('base64url');
    const page = built
      .replaceAll('__NONCE__', nonce)
      .replaceAll('__PUBLIC_PATH__', escapeHtml(publicPath))
      .replaceAll('__PROBLEM__', () => escapeHtml(message))
      .replaceAll('"./assets/', `"${escapeHtml(publicPath)}/console/assets/`);
    response
      .status(status)
      .set({
        'Content-Security-Policy': policyWith(nonce),
        'X-Frame-Options': 'DENY',
        'X-Robots-Tag': 'noindex',
        'Cache-Control': 'no-store',
      })
      .type('html')
      .send(page);
  };
}

/** Everything comes from this server. The library of the console adds styles of its own, which carry the number. */
const policyWith = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'none'",
    "connect-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** Answers with a script or a style of the console; hands on if there is none of that name. */
export function consoleAssets(): (request: Request, response: Response, next: () => void) => Promise<void> {
  const read = new Map<string, Published>();
  return async (request, response, next) => {
    const name = String(request.params.file);
    const published = read.get(name) ?? (ASSET.test(name) ? await readAsset(name) : null);
    if (published === null) {
      next();
      return;
    }
    read.set(name, published);
    await sendPublished(request, response, published);
  };
}

async function readAsset(name: string): Promise<Published | null> {
  const text = await readBuilt(`assets/${name}`);
  // Another content has another name.
  const headers = { 'Cache-Control': 'public, max-age=31536000, immutable' };
  return text === null ? null : publish(TYPES[extname(name)] ?? 'text/plain', text, headers);
}

async function readBuilt(file: string): Promise<string | null> {
  try {
    return await readFile(packageFile(`${FOLDER}/${file}`), 'utf8');
  } catch {
    return null;
  }
}
