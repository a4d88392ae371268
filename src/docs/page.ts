import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installedPackage, packageFile } from '../base/package-file.ts';
import { type Document, operationsOf } from '../contract/document.ts';
import type { Sample } from './samples.ts';
import { allowOwnScripts } from './script-hashes.ts';

// Not beside this file: what is compiled has no template.
const TEMPLATE = fileURLToPath(packageFile('src/docs/page.hbs'));

/** The options of the builder. It drops samples in languages that are not listed; `Payload` is the request body itself. */
function optionsFor(document: Document): object {
  const samples = operationsOf(document).flatMap(
    ({ object }) => (object as { readonly 'x-codeSamples'?: readonly Sample[] })['x-codeSamples'] ?? [],
  );
  const labels = new Set([...samples.map(({ label }) => label), 'Payload']);
  return {
    codeSamples: { languages: [...labels].map((label) => ({ lang: label, label })) },
    // With it every heading gets a menu that sends the address of the page to other companies' assistants.
    hideDownloadButtons: true,
  };
}

const CREDIT = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" width="52" height="16"><text y="12" font-family="sans-serif" font-size="12" fill="#2467f2">Redocly</text></svg>',
)}`;

/** The tools for building the page are not installed. The message gives the remedy. */
export class CannotRender extends Error {}

/** Returns the folder of the builder. Throws CannotRender outside of a clone of this project. */
export function requireBuilder(): string {
  const redocly = installedPackage('@redocly/cli');
  if (redocly === null || !existsSync(TEMPLATE)) {
    const page = fileURLToPath(packageFile('dist/docs/index.html'));
    throw new CannotRender(
      'The page is built with @redocly/cli, a development dependency: run `npm ci` and `npm run docs` in a clone. ' +
        `The page that came with this installation is ${page}; servers serve it at /docs.`,
    );
  }
  return redocly;
}

/**
 * Renders a document, whose operations have `x-codeSamples`, as one self-contained HTML page: it loads no script, font
 * or image, and reports nothing. Throws CannotRender outside of a clone of this project, and with the output of Redocly
 * if it fails.
 */
export async function renderPage(document: Document, icon: string): Promise<string> {
  const redocly = requireBuilder();
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-docs-'));
  try {
    await writeFile(join(folder, 'openapi.json'), JSON.stringify(document));
    await writeFile(join(folder, 'options.json'), JSON.stringify(optionsFor(document)));
    await promisify(execFile)(
      process.execPath,
      [
        join(redocly, 'bin/cli.js'),
        ...['build-docs', 'openapi.json', '--output', 'page.html', '--inlineBundle'],
        ...['--template', TEMPLATE, '--openapi', 'options.json'],
      ],
      { cwd: folder, env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } },
    );
    return allowOwnScripts(selfContained(await readFile(join(folder, 'page.html'), 'utf8'), icon));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * What the builder leaves to be corrected: its credit is an image from its own servers, and the links of the menu lead
 * to the root of the host until scripts have run, and beyond where a link is opened in a new tab.
 */
function selfContained(page: string, icon: string): string {
  const scripts = page.indexOf('<script type="module">');
  const prerendered = page
    .slice(0, scripts)
    .replaceAll('href="/', 'href="#/')
    .replace('href="data:,"', () => `href="${icon}"`);
  return (
    prerendered +
    page.slice(scripts).replaceAll(/https:\/\/cdn\.redoc\.ly\/redoc\/logo-mini(?:-full)?\.svg/g, () => CREDIT)
  );
}
