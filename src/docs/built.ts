import { readFile } from 'node:fs/promises';
import { packageFile } from '../package-file.ts';
import type { DocsFolder } from '../platform/handlers.ts';

/** The page that `npm run docs` builds into `dist/docs`; null until then. */
export const builtDocs: DocsFolder = {
  read: async () => {
    try {
      return await readFile(packageFile('dist/docs/index.html'), 'utf8');
    } catch {
      return null;
    }
  },
};
