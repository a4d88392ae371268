/** The number of characters to read from a text: ten times the length of a name. */
const MAX_READ_CHARS = 640;

/**
 * Converts the first 640 characters to snake case in `[a-z0-9_]`: `findByStatus` and `find-by-status` both become
 * `find_by_status`, `HTMLPage` becomes `html_page`. Letters lose their marks; other characters separate words. The
 * result may be empty.
 */
export function snake(text: string): string {
  return text
    .slice(0, MAX_READ_CHARS)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/([a-z0-9])(?=[A-Z])/g, '$1_')
    .replaceAll(/([A-Z])(?=[A-Z][a-z])/g, '$1_')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '');
}
