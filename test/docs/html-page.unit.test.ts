import { describe, expect, test } from 'vitest';
import { type Frame, htmlPage } from '../../src/docs/html-page.ts';
import { pageGroups, pagesByOperation } from '../../src/docs/pages.ts';
import { document } from './support.ts';

const FRAME: Frame = {
  title: 'Tools & more',
  icon: 'data:,',
  reference: '../docs',
  groups: pageGroups(document, 'https://gatehouse.example.com'),
  operations: pagesByOperation(document),
};
const render = (markdown: string, title = 'A page') =>
  htmlPage({ name: 'errors', title, markdown: async () => markdown }, FRAME);
/** The part of a page that its Markdown makes. */
const content = async (markdown: string): Promise<string> =>
  /<main id="content">\n([\s\S]*)\n<p class="quiet">/.exec(await render(markdown))?.[1] ?? '';

test('a page has a title of its own, before the one of the documentation', async () => {
  expect(await render('', 'Read <one>')).toContain('<title>Read &lt;one&gt; · Tools &amp; more</title>');
});

test('a page marks itself in the list of all pages', async () => {
  const current = [...(await render('')).matchAll(/href="([^"]+)" aria-current="page"/g)].map(([, link]) => link);
  expect(current).toEqual(['errors.html']);
});

describe('Markdown', () => {
  test.each([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['a <b onclick="x()">b</b>', '<p>a &lt;b onclick=&quot;x()&quot;&gt;b&lt;/b&gt;</p>'],
    ['`<b>`', '<code>&lt;b&gt;</code>'],
    ['```html\n<b>\n```', '<pre tabindex="0"><code class="language-html">&lt;b&gt;</code></pre>'],
    ['| a |\n|---|\n| `<b>` |', '<td><code>&lt;b&gt;</code></td>'],
  ])('%j is text where it is HTML', async (markdown, html) => {
    expect(await content(markdown)).toContain(html);
  });

  test('headings have the ids of GitHub, each once', async () => {
    const headings = ['# Top', '## not_found', '## 200 OK', '## 200 OK', '### -32700', '## `Prefer`, again'];
    const ids = [...(await content(headings.join('\n\n'))).matchAll(/<h\d id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual(['top', 'not_found', '200-ok', '200-ok-1', '-32700', 'prefer-again']);
  });

  test.each([
    ['[a](errors.md)', 'href="errors.html"'],
    ['[a](limits.md#quotas)', 'href="limits.html#quotas"'],
    ['[a](#here)', 'href="#here"'],
    ['[a](https://example.com/x.md)', 'href="https://example.com/x.md"'],
    ['`POST /api/mcp-servers`', '<a href="createMcpServer.html"><code>'],
  ])('%s leads to %s', async (markdown, link) => {
    expect(await content(markdown)).toContain(link);
  });

  test('the name of an operation that is not there is no link', async () => {
    expect(await content('`POST /api/nothing`')).toBe('<p><code>POST /api/nothing</code></p>\n');
  });
});

test('every page of the document is rendered: no Markdown is left, and no id is there twice', async () => {
  for (const page of FRAME.groups.flatMap(({ pages }) => pages)) {
    const html = await htmlPage(page, FRAME);
    const prose = html.replaceAll(/<(pre|code|style)\b[^>]*>[\s\S]*?<\/\1>/g, '');
    expect(prose, page.name).not.toMatch(/^#{1,6} |^\| |\]\(|\*\*|`/m);
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size, page.name).toBe(ids.length);
    expect(html, page.name).not.toContain('<script');
  }
});

test('every link within a page leads to an id of it', async () => {
  for (const page of FRAME.groups.flatMap(({ pages }) => pages)) {
    const html = await htmlPage(page, FRAME);
    for (const [, target] of html.matchAll(/href="#([^"]*)"/g)) {
      expect(html, `${page.name}#${target}`).toContain(` id="${target}"`);
    }
  }
});
