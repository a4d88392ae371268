import { readFile } from 'node:fs/promises';
import { packageFile } from '../base/package-file.ts';

/** The documentation page that `npm run docs` builds; null when it is not built. */
export type DocsFolder = { readonly read: () => Promise<string | null> };

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
