import type { Document } from '../contract/document.ts';
import { docsDocument } from '../docs/document.ts';
import { type Frame, htmlPage } from '../docs/html-page.ts';
import { ICON_URL } from '../docs/icon.ts';
import { pageGroups, pagesByOperation } from '../docs/pages.ts';
import { PAGE_HEADERS, type Published, publish } from './published.ts';

/** Finds a page by its file name: `errors.md`, `errors.html`. */
export type Pages = (file: string) => Promise<Published> | undefined;

/** The pages of the documentation, whose samples ask `publicUrl`. Each is made when the first client asks for it. */
export function publishedPages(document: Document, publicUrl: string): Pages {
  const made = new Map<string, Promise<Published>>();
  let frame: Frame | undefined;
  const make = (file: string): Promise<Published> | undefined => {
    frame ??= {
      title: docsDocument(document).info.title,
      icon: ICON_URL,
      reference: '../docs',
      groups: pageGroups(document, publicUrl),
      operations: pagesByOperation(document),
    };
    const [, name, type] = /^([\w-]+)\.(html|md)$/.exec(file) ?? [];
    const page = frame.groups.flatMap(({ pages }) => pages).find((candidate) => candidate.name === name);
    if (page === undefined) {
      return undefined;
    }
    return type === 'html'
      ? htmlPage(page, frame).then((html) => publish('text/html; charset=utf-8', html, PAGE_HEADERS))
      : page.markdown().then((markdown) => publish('text/markdown; charset=utf-8', markdown));
  };
  return (file) => {
    const page = made.get(file) ?? make(file);
    if (page !== undefined) {
      made.set(file, page);
    }
    return page;
  };
}
