import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../base/package-file.ts';
import { readDocument } from '../contract/bundle.ts';
import type { Document } from '../contract/document.ts';
import { defaultServer, docsDocument } from '../docs/document.ts';
import { loadSampleGenerator } from '../docs/generated-samples.ts';
import { type Frame, htmlPage } from '../docs/html-page.ts';
import { ICON_URL } from '../docs/icon.ts';
import { llmsIndex } from '../docs/markdown.ts';
import { CannotRender, renderPage, requireBuilder } from '../docs/page.ts';
import { pageGroups, pagesByOperation } from '../docs/pages.ts';
import { apiNames, atServer, decorated, entitled, onlyApis } from '../docs/published.ts';
import { readArguments, UsageError } from './arguments.ts';
import { type Context, EXIT } from './command.ts';

const DEFAULT_OUT = fileURLToPath(packageFile('dist/docs'));
const IMAGES: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
};

/** Tells a folder of this command from all others. */
const MARK = 'llms.txt';

/** The server that the samples of a published folder ask if no server was given. RFC 2606 reserves its name. */
const EXAMPLE_SERVER = 'https://gatehouse.example.com';

type Settings = {
  readonly server: string | undefined;
  readonly apis: readonly string[];
  readonly title: string | undefined;
  /** As a `data:` URL, like the icon. */
  readonly logo: string | null;
  readonly favicon: string;
  readonly out: string;
};

/** The text of `gatehouse docs --help`. */
export const docsUsage = (document: Document): string => `Builds the documentation: a folder to publish as it is.

  gatehouse docs [--server URL] [--api NAME …] [--title TEXT] [--logo FILE] [--favicon FILE] [--out DIR]

  --server URL    the server in the samples (${EXAMPLE_SERVER}; without --out, the server that serves them)
  --api NAME      only this API, may be repeated: ${apiNames(document).join(', ')} (all of them)
  --title TEXT    the name of the documentation (${document.info.title})
  --logo FILE     an image for the top of the page: ${Object.keys(IMAGES).join(', ')}
  --favicon FILE  an image for the tab of the browser, of the same kinds
  --out DIR       the output folder; an earlier build there is replaced, other files stay (dist/docs, which a server
                  here serves at /docs)
  --help          this text

The folder contains index.html (one page that loads nothing else), openapi.json, llms.txt, and in docs/ the guides and a
page for each operation, as HTML and as Markdown. All links are relative. The command needs a clone of the
project; \`npm run docs -- …\` is the same there. For example:

  gatehouse docs --api servers --server https://gatehouse.example.com --logo logo.svg --out public
`;

/** Builds the documentation, and resolves with the exit status. Throws UsageError for invalid options. */
export async function runDocs({ args, stdout, stderr }: Context): Promise<number> {
  const document = await readDocument();
  const settings = await parse(args, document);
  try {
    stdout(await build(document, settings));
    return EXIT.done;
  } catch (error) {
    if (error instanceof CannotRender) {
      stderr(`${error.message}\n`);
      return EXIT.failed;
    }
    throw error;
  }
}

/** Writes the folder, and returns the final message. */
async function build(document: Document, settings: Settings): Promise<string> {
  requireBuilder();
  const { apis, title, logo, favicon, out } = settings;
  const server = settings.server ?? (out === DEFAULT_OUT ? undefined : EXAMPLE_SERVER);
  const cut = apis.length === 0 ? document : onlyApis(document, apis);
  const moved = server === undefined ? cut : atServer(cut, server);
  const published = title === undefined ? moved : entitled(moved, title);
  const texts = await textsOf(published, favicon);
  if (out !== DEFAULT_OUT) {
    // Before the page is rendered, which takes seconds.
    await requireReplaceable(out, ['index.html', ...Object.keys(texts)]);
  }
  const page = decorated(published, logo, await loadSampleGenerator());
  const files = { 'index.html': await renderPage(page, favicon), ...texts };
  if (out === DEFAULT_OUT) {
    // Removes the pages of operations that no longer exist. Any other folder may contain files of the user.
    await rm(out, { recursive: true, force: true });
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(out, name)), { recursive: true });
    await writeFile(join(out, name), text);
  }
  const asked = server === EXAMPLE_SERVER ? ` Its samples ask ${server}; --server names yours.` : '';
  return `The documentation is in ${out} (${Object.keys(files).length} files).${asked}\n`;
}

/** Throws UsageError if a file would be replaced in a folder without a documentation: it is one of the user's. */
async function requireReplaceable(out: string, names: readonly string[]): Promise<void> {
  const exists = (name: string) =>
    stat(join(out, name)).then(
      () => true,
      () => false,
    );
  if (await exists(MARK)) {
    return;
  }
  for (const name of names) {
    if (await exists(name)) {
      throw new UsageError(
        `--out ${out}: its ${name} would be replaced, and is not of an earlier build; name another folder`,
      );
    }
  }
}

/** All files of the folder except the page, by file name. The server serves the page at `/docs`, hence the folder name. */
async function textsOf(document: Document, icon: string): Promise<Record<string, string>> {
  const groups = pageGroups(document, defaultServer(document));
  const frame: Frame = {
    title: docsDocument(document).info.title,
    icon,
    reference: '../index.html',
    groups,
    operations: pagesByOperation(document),
  };
  const texts: Record<string, string> = {
    'openapi.json': `${JSON.stringify(document, null, 2)}\n`,
    [MARK]: llmsIndex(document, ''),
  };
  for (const page of groups.flatMap(({ pages }) => pages)) {
    texts[`docs/${page.name}.md`] = await page.markdown();
    texts[`docs/${page.name}.html`] = await htmlPage(page, frame);
  }
  return texts;
}

async function parse(args: readonly string[], document: Document): Promise<Settings> {
  const text = { type: 'string' } as const;
  const { values } = readArguments(args, {
    ...{ server: text, title: text, logo: text, favicon: text, out: text },
    api: { type: 'string', multiple: true },
  });
  const { server, api: apis = [], title, logo, favicon, out } = values;
  const names = apiNames(document);
  const unknown = apis.find((api) => !names.includes(api));
  if (unknown !== undefined) {
    throw new UsageError(`--api ${unknown}: no such API; use one of ${names.join(', ')}`);
  }
  if (title?.trim() === '') {
    throw new UsageError('--title: must not be empty');
  }
  return {
    server: server === undefined ? undefined : serverUrl(server),
    apis,
    title,
    logo: logo === undefined ? null : await dataUrl('--logo', logo),
    favicon: favicon === undefined ? ICON_URL : await dataUrl('--favicon', favicon),
    out: out === undefined ? DEFAULT_OUT : await folder(out),
  };
}

function serverUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError(`--server ${text}: must be an http or https URL without query or fragment`);
  }
  return url.href.replace(/\/+$/, '');
}

async function dataUrl(option: string, file: string): Promise<string> {
  const type = IMAGES[extname(file).toLowerCase()];
  if (type === undefined) {
    throw new UsageError(`${option} ${file}: must be an image, one of ${Object.keys(IMAGES).join(', ')}`);
  }
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${option} ${file}: cannot be read (${error.code})`);
  });
  return `data:${type};base64,${bytes.toString('base64')}`;
}

async function folder(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isDirectory()) {
    throw new UsageError(`--out ${path}: is not a folder`);
  }
  return resolve(path);
}
