import type { Document } from '../contract/document.ts';
import { docsGroups } from './document.ts';
import { askServer, GUIDES } from './guides.ts';
import { operationPage } from './markdown.ts';

/** A page of the documentation, which exists as `<name>.md` and as `<name>.html`. */
export type Page = {
  readonly name: string;
  readonly title: string;
  readonly markdown: () => Promise<string>;
};

/** Pages of one kind: the guides, or the operations of one API. */
export type PageGroup = { readonly name: string; readonly pages: readonly Page[] };

/** Returns all pages by group. Their samples ask `server`. */
export const pageGroups = (document: Document, server: string): PageGroup[] => [
  {
    name: 'Guides',
    pages: GUIDES.map((guide) => ({ ...guide, markdown: async () => askServer(await guide.markdown(), server) })),
  },
  ...docsGroups(document).map(({ name, operations }) => ({
    name,
    pages: operations.map((operation) => ({
      name: operation.id,
      title: operation.summary,
      markdown: async () => askServer(operationPage(document, operation, server), server),
    })),
  })),
];

/** Returns the names of the operations' pages by method and path: `POST /api/mcp-servers`. */
export const pagesByOperation = (document: Document): ReadonlyMap<string, string> =>
  new Map(
    docsGroups(document)
      .flatMap(({ operations }) => operations)
      .map(({ id, method, path }) => [`${method} ${path}`, id]),
  );
