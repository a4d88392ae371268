import { createHash } from 'node:crypto';
import type { Tokens } from 'marked';
import { escapeHtml } from '../base/html.ts';
import type { Page, PageGroup } from './pages.ts';
import { STYLE } from './style.ts';

/** The parts that all pages of one documentation share. */
export type Frame = {
  /** The name of the documentation. */
  readonly title: string;
  /** The icon, as a `data:` URL. */
  readonly icon: string;
  /** Where the reference on one page is, relative to the pages: `../docs`. */
  readonly reference: string;
  readonly groups: readonly PageGroup[];
  /** The names of the operations' pages by method and path. */
  readonly operations: ReadonlyMap<string, string>;
};

/** Renders a page as HTML without scripts: complete, printable, and searchable by the browser. */
export async function htmlPage(page: Page, frame: Frame): Promise<string> {
  const { title, icon, reference } = frame;
  const style = createHash('sha256').update(PAGE_STYLE).digest('base64');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${style}'; img-src data:; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(page.title)} · ${escapeHtml(title)}</title>
<link rel="icon" href="${escapeHtml(icon)}">
<link rel="alternate" type="text/markdown" href="${page.name}.md">
<style>${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><a href="${reference}"><strong>${escapeHtml(title)}</strong></a><a class="to-pages" href="#pages">All pages</a></header>
<div class="columns">
<main id="content">
${await renderMarkdown(await page.markdown(), frame.operations)}
<p class="quiet"><a href="${page.name}.md">This page as Markdown</a></p>
</main>
<nav id="pages" aria-label="All pages">
<p><a href="${reference}">Reference with search</a></p>
${frame.groups.map((group) => links(group, page.name)).join('\n')}
</nav>
</div>
</body>
</html>
`;
}

const links = ({ name, pages }: PageGroup, current: string): string =>
  `<p id="group-${slug(name)}">${escapeHtml(name)}</p>\n<ul aria-labelledby="group-${slug(name)}">${pages
    .map(
      (page) =>
        `<li><a href="${page.name}.html"${page.name === current ? ' aria-current="page"' : ''}>${escapeHtml(page.title)}</a></li>`,
    )
    .join('\n')}</ul>`;

/** The id of a heading, as GitHub makes it: links to headings work in both places. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');

/** Renders Markdown of this project. HTML in it is text. */
async function renderMarkdown(markdown: string, operations: Frame['operations']): Promise<string> {
  // Loaded when the first page is rendered: a server may never be asked for one.
  const { Marked } = await import('marked');
  const seen = new Map<string, number>();
  const idOf = (text: string): string => {
    const id = slug(text);
    const count = seen.get(id) ?? 0;
    seen.set(id, count + 1);
    return count === 0 ? id : `${id}-${count}`;
  };
  const marked = new Marked();
  marked.use({
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading) {
        const id = idOf(text);
        const inner = this.parser.parseInline(tokens);
        const anchor =
          depth === 1
            ? ''
            : ` <a class="anchor" href="#${id}" aria-label="Link to ${escapeHtml(text.replaceAll('`', ''))}">#</a>`;
        return `<h${depth} id="${id}">${inner}${anchor}</h${depth}>\n`;
      },
      code({ text, lang = '' }: Tokens.Code) {
        const language = lang === '' ? '' : ` class="language-${escapeHtml(lang)}"`;
        return `<pre tabindex="0"><code${language}>${escapeHtml(text)}</code></pre>\n`;
      },
      codespan({ text }: Tokens.Codespan) {
        const page = operations.get(text);
        const code = `<code>${escapeHtml(text)}</code>`;
        return page === undefined ? code : `<a href="${page}.html">${code}</a>`;
      },
      link({ href, tokens }: Tokens.Link) {
        return `<a href="${escapeHtml(href.replace(/^([\w-]+)\.md(?=#|$)/, '$1.html'))}">${this.parser.parseInline(tokens)}</a>`;
      },
      html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    },
  });
  const html = await marked.parse(markdown);
  // Wide tables scroll in a box; those who have no pointer scroll it with their keys.
  return html.replaceAll('<table>', '<div class="wide" tabindex="0"><table>').replaceAll('</table>', '</table></div>');
}

const PAGE_STYLE = `${STYLE}
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
header { display: flex; gap: 1.5rem; justify-content: space-between; padding: .8rem 1.5rem; border-bottom: 1px solid var(--line); }
nav { padding: 1rem 1.5rem; border-top: 1px solid var(--line); font-size: .925rem; }
nav p { margin: 1rem 0 .3rem; font-weight: 600; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: .2rem .5rem; border-radius: .3rem; text-decoration: none; color: var(--text); }
nav a:hover, nav a[aria-current] { background: var(--box); color: var(--link); }
nav a[aria-current] { font-weight: 600; }
.anchor { text-decoration: none; font-weight: 400; }
@media (min-width: 60rem) {
  .columns { display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
  nav { grid-column: 1; grid-row: 1; border: 0; border-right: 1px solid var(--line); position: sticky; top: 0; max-height: 100vh;
    overflow-y: auto; }
  main { grid-column: 2; }
  .to-pages { display: none; }
}
@media print {
  header { display: none; }
  .columns { display: block; }
  .anchor { display: none; }
}
`;
