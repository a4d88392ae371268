const MAX_SLUG_CHARS = 64;

/**
 * The slug of a name: what ASCII has of its letters and digits (NFKD takes accents off and ligatures apart), in lower
 * case, a hyphen for whatever stands between them, at most 64 characters. Null when nothing is left.
 */
export function slugOf(name: string): string | null {
  const ascii = name
    .normalize('NFKD')
    .replace(/\P{ASCII}/gu, '')
    .toLowerCase();
  const slug = ascii
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, MAX_SLUG_CHARS);
  return slug === '' ? null : slug;
}
