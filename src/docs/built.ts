import { readFile } from 'node:fs/promises';
import type { DocsFolder } from '../platform/handlers.ts';

/** The page that `npm run docs` builds into `dist/docs`; null until then. */
export const builtDocs: DocsFolder = {
  read: async (name) => {
    try {
      return await readFile(new URL(`../../dist/docs/${name}`, import.meta.url), 'utf8');
    } catch {
      return null;
    }
  },
};
