import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { operationsOf, resolve } from '../../src/contract/document.ts';
import type { Content } from '../../src/docs/document.ts';
import { loadSampleGenerator } from '../../src/docs/generated-samples.ts';
import { GUIDES } from '../../src/docs/guides.ts';
import { ICON_URL } from '../../src/docs/icon.ts';
import { atServer } from '../../src/docs/published.ts';
import { samplesOf } from '../../src/docs/samples.ts';
import { buildDocs, document, newFolder, operations, removeFolder, temporaryFolder } from './support.ts';

/** What samples ask when no server is named. */
const SERVER = 'https://gatehouse.example.com';
const generate = await loadSampleGenerator();

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();

const read = (folder: string, name: string): Promise<string> => readFile(join(folder, name), 'utf8');

/** The pages of these operations, and the guides. */
const pageFiles = (of: typeof operations): string[] =>
  [...GUIDES.map(({ name }) => name), ...of.map(({ id }) => id)]
    .flatMap((name) => [`docs/${name}.md`, `docs/${name}.html`])
    .toSorted();

/** The document that the page holds, and everything around it that is not the program which shows it. */
function definitionOf(page: string): { definition: typeof document; html: string } {
  const [, json = ''] = /const __redoc_definition = (.*);\n/.exec(page) ?? [];
  return { definition: JSON.parse(json), html: page.slice(0, page.indexOf('<script type="module">')) };
}

describe('npm run docs', () => {
  let folder: string;
  let page: string;
  beforeAll(async () => {
    folder = await newFolder();
    const built = await buildDocs('--out', folder);
    expect(built).toMatchObject({ code: 0, stdout: expect.stringContaining(folder) });
    page = await read(folder, 'index.html');
    return () => removeFolder(folder);
  });

  test('builds a folder to publish: the page, the document, the index, a page for each operation', async () => {
    expect(await filesOf(folder)).toEqual(
      ['index.html', 'openapi.json', 'llms.txt', ...pageFiles(operations)].toSorted(),
    );
    expect(JSON.parse(await read(folder, 'openapi.json'))).toEqual(atServer(document, SERVER));
  });

  test('every link of its files leads to one of them', async () => {
    const files = await filesOf(folder);
    const links = { html: /href="([^"]*)"/g, text: /\]\(([^)]+)\)/g };
    for (const name of files.filter((file) => /\.(?:md|txt|html)$/.test(file))) {
      const isHtml = name.endsWith('.html');
      const text = name === 'index.html' ? definitionOf(page).html : await read(folder, name);
      const prose = isHtml ? text : text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`]*`/g, '');
      for (const [, link = ''] of prose.matchAll(isHtml ? links.html : links.text)) {
        const isElsewhere = /^(?:#|data:)/.test(link) || link === 'https://redocly.com/redoc/';
        expect(isElsewhere || files.includes(join(dirname(name), link.replace(/#.*/, ''))), `${name}: ${link}`).toBe(
          true,
        );
      }
    }
  });

  test('the page holds every sample', () => {
    const { definition } = definitionOf(page);
    for (const operation of operations) {
      const { [operation.method.toLowerCase()]: shown } = definition.paths[operation.path] as Record<string, object>;
      const samples = [...samplesOf(operation, SERVER), ...generate(operation, SERVER)];
      expect(shown).toHaveProperty('x-codeSamples', samples);
    }
  });

  test('the page shows the name of every example, which `Prefer: example=` wants', () => {
    const { definition } = definitionOf(page);
    const named = operations.flatMap(({ id, responses }) =>
      responses.flatMap(([status, { content = {} }]) =>
        Object.values(content).flatMap(({ examples = {} }) => Object.keys(examples).map((name) => [id, status, name])),
      ),
    );
    expect(named.length).toBeGreaterThan(100);
    for (const [id, status = '', name = ''] of named) {
      const found = operationsOf(definition).find((candidate) => candidate.id === id)?.object.responses[status];
      const { content = {} } = resolve<{ content?: Content }>(definition, found as object);
      const summaries = Object.values(content).map(({ examples = {} }) => examples[name]?.summary);
      expect(summaries, `${id} ${status}`).toContainEqual(expect.stringMatching(new RegExp(`^${name}: .`)));
    }
  });

  test('nothing asks a server on the machine of the reader, though no server was named', async () => {
    for (const name of await filesOf(folder)) {
      const text = name === 'index.html' ? JSON.stringify(definitionOf(page).definition) : await read(folder, name);
      expect(text.match(/.{0,40}(?:localhost|127\.0\.0\.1)[:/].{0,20}/g), name).toBeNull();
    }
  });

  test('the page loads nothing, and forbids the browser to', () => {
    const { html } = definitionOf(page);
    expect(html).toMatch(/content="default-src 'none'; script-src 'sha256-[^']+'(?: 'sha256-[^']+')*;/);
    expect(html).not.toMatch(/<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*\ssrc=/i);
    const links = [...html.matchAll(/<link\b[^>]*>/g)].map(([link]) => link);
    expect(links).toEqual([`<link rel="icon" href="${ICON_URL}">`]);
    expect(html).not.toMatch(/@import|url\((?!['"]?data:)/);
    expect(page).not.toContain('https://cdn.redoc.ly/');
    expect(page).toContain('"disableTelemetry":true');
  });
});

describe('flags', () => {
  describe('for the pages', () => {
    const ICON = 'not looked at';
    const LOGO = '<svg xmlns="http://www.w3.org/2000/svg"/>';
    let folder: string;
    let page: string;
    beforeAll(async () => {
      folder = await newFolder();
      const [icon, logo] = [join(folder, 'icon.png'), join(folder, 'logo.svg')];
      await writeFile(icon, ICON);
      await writeFile(logo, LOGO);
      const server = ['--server', 'https://gatehouse.example.com/gw/'];
      const looks = ['--title', 'Tools & <more>', '--favicon', icon, '--logo', logo];
      expect((await buildDocs('--out', folder, ...server, ...looks)).code).toBe(0);
      page = await read(folder, 'index.html');
      return () => removeFolder(folder);
    });

    test('--server: samples and documents ask that server', async () => {
      const { servers } = JSON.parse(await read(folder, 'openapi.json')) as { servers: unknown };
      expect(servers).toEqual([{ url: 'https://gatehouse.example.com/gw' }]);
      const sample = `curl 'https://gatehouse.example.com/gw/api/mcp-servers/`;
      expect(await read(folder, 'docs/getMcpServer.md')).toContain(sample);
      expect(page).toContain(sample);
      expect(page).not.toContain(`curl 'http://localhost:8080`);
    });

    test('--title: every page has it', async () => {
      for (const name of ['docs/errors.html', 'docs/getMcpServer.html']) {
        expect(await read(folder, name)).toMatch(/<title>[^<]+ · Tools &amp; &lt;more&gt;<\/title>/);
      }
      expect(page).toMatch(/<title>Tools &amp; &lt;more&gt;<\/title>/);
      expect(await read(folder, 'llms.txt')).toMatch(/^# Tools & <more>\n/);
    });

    test('--favicon: every page has it', async () => {
      const link = `<link rel="icon" href="data:image/png;base64,${Buffer.from(ICON).toString('base64')}">`;
      expect(page).toContain(link);
      expect(await read(folder, 'docs/errors.html')).toContain(link);
    });

    test('--logo: the image is in the page', () => {
      const bytes = Buffer.from(LOGO).toString('base64');
      expect(definitionOf(page).definition.info).toHaveProperty('x-logo.url', `data:image/svg+xml;base64,${bytes}`);
    });
  });

  test('--api: one API alone, with what it uses and no more', async () => {
    const folder = await temporaryFolder();
    expect((await buildDocs('--out', folder, '--api', 'servers')).code).toBe(0);
    const servers = operations.filter(({ path }) => path.startsWith('/api/'));
    expect((await filesOf(folder)).filter((name) => name.startsWith('docs/'))).toEqual(pageFiles(servers));
    const text = await read(folder, 'openapi.json');
    const cut = JSON.parse(text) as typeof document & { tags: { name: string }[] };
    expect(Object.keys(cut.paths).every((path) => path.startsWith('/api/'))).toBe(true);
    expect(cut.tags.map(({ name }) => name)).toEqual([
      'Servers',
      'Tool approvals',
      'Approval requests',
      'Webhooks',
      'Overview',
    ]);
    expect(Object.keys(cut.components.securitySchemes ?? {})).toEqual(['apiKey', 'apiSecret', 'session']);
    const defined = Object.entries(cut.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, members]) => Object.keys(members).map((name) => `#/components/${kind}/${name}`));
    const used = [...text.matchAll(/"\$ref": "([^"]+)"/g)].map(([, reference]) => reference);
    expect([...new Set(used)].toSorted()).toEqual(defined.toSorted());
    const index = await read(folder, 'llms.txt');
    expect(index).toContain('## Servers API');
    expect(index).not.toContain('## Operator API');
    expect(definitionOf(await read(folder, 'index.html')).html).not.toContain('Organizations');
  });

  test('--api twice: both APIs, and what the introduction says of them', async () => {
    const folder = await temporaryFolder();
    expect((await buildDocs('--out', folder, '--api', 'accounts', '--api', 'gateway')).code).toBe(0);
    const cut = JSON.parse(await read(folder, 'openapi.json')) as typeof document & { info: { description: string } };
    expect([...new Set(Object.keys(cut.paths).map((path) => path.split('/')[1]))].toSorted()).toEqual([
      'integrated-account',
      'integration',
      'mcp',
    ]);
    const rows = [...cut.info.description.matchAll(/^\| (\w+) \|/gm)].map(([, api]) => api);
    expect(new Set(rows)).toEqual(new Set(['API', 'Gateway', 'Accounts']));
  });

  test('--help teaches', async () => {
    const { code, stdout } = await buildDocs('--help');
    expect(code).toBe(0);
    for (const word of [
      '--server URL',
      '--api NAME',
      'servers, operator, platform',
      '--title TEXT',
      '--logo FILE',
      '--favicon FILE',
      '--out DIR',
    ]) {
      expect(stdout).toContain(word);
    }
  });

  test('a file of the user is not replaced. Others stay, and an earlier build is replaced', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'docs'));
    await writeFile(join(folder, 'CNAME'), 'tools.example.com');
    for (const name of ['index.html', 'openapi.json', 'docs/errors.md']) {
      await writeFile(join(folder, name), 'mine');
      const stderr = expect.stringContaining(`its ${name} would be replaced`);
      expect(await buildDocs('--out', folder)).toMatchObject({ code: 2, stdout: '', stderr });
      expect(await filesOf(folder)).toEqual(['CNAME', name].toSorted());
      expect(await read(folder, name)).toBe('mine');
      await rm(join(folder, name));
    }
    for (const title of ['First', 'Second']) {
      expect((await buildDocs('--out', folder, '--title', title)).code).toBe(0);
      expect(await read(folder, 'index.html')).toContain(`<title>${title}</title>`);
    }
    expect(await read(folder, 'CNAME')).toBe('tools.example.com');
  });

  test.each([
    [['--bogus'], '--bogus'],
    [['stray'], 'stray'],
    [['--server'], '--server'],
    [['--server', 'gatehouse.example.com'], 'http or https URL'],
    [['--server', 'https://gatehouse.example.com/?a=b'], 'without query'],
    [['--api', 'accounting'], 'servers, operator, platform'],
    [['--api', 'servers', '--api', 'accounting'], 'servers, operator, platform'],
    [['--title', ' '], 'must not be empty'],
    [['--favicon', 'icon.ico'], 'must be an image'],
    [['--logo', 'notes.txt'], 'must be an image'],
    [['--logo', 'missing.png'], 'ENOENT'],
    [['--out', 'package.json'], 'not a folder'],
  ])('%j is a mistake: one line says which, one where to look', async (args, told) => {
    const { code, stdout, stderr } = await buildDocs(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const [mistake, ...rest] = stderr.trim().split('\n');
    expect(mistake).toContain(told);
    expect(rest).toEqual(['See gatehouse docs --help.']);
  });
});
