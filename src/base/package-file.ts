import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = pathToFileURL(findPackageJSON(import.meta.url) ?? import.meta.filename);

/**
 * Returns the URL of a file of this package: the code runs from `src/` in a clone, and from `dist/src/` in an
 * installation.
 */
export const packageFile = (path: string): URL => new URL(path, root);

/** Returns the folder of another package, such as a development dependency; null if it is not installed. */
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
