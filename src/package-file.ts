import { findPackageJSON } from 'node:module';
import { pathToFileURL } from 'node:url';

const root = pathToFileURL(findPackageJSON(import.meta.url) ?? import.meta.filename);

/** A file of this package, wherever the code runs from: `src/` in a clone, `dist/src/` where it is installed. */
export const packageFile = (path: string): URL => new URL(path, root);
