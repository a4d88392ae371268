import { readFile } from 'node:fs/promises';
import { packageFile } from '../base/package-file.ts';

/** Returns the documentation page that `npm run docs` builds; null if it is not built. */
export type DocsFolder = { readonly read: () => Promise<string | null> };

/** Returns the page in `dist/docs` that `npm run docs` builds; null if it is not built. */
export const builtDocs: DocsFolder = {
  read: async () => {
    try {
      return await readFile(packageFile('dist/docs/index.html'), 'utf8');
    } catch {
      return null;
    }
  },
};
