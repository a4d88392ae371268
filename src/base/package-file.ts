import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = pathToFileURL(findPackageJSON(import.meta.url) ?? import.meta.filename);

/** A file of this package, wherever the code runs from: `src/` in a clone, `dist/src/` where it is installed. */
export const packageFile = (path: string): URL => new URL(path, root);

/** The folder of another package, such as a development dependency; null where that is not installed. */
export function installedPackage(name: string): string | null {
  try {
    return dirname(findPackageJSON(name, import.meta.url) as string);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      return null;
    }
    throw error;
  }
}
