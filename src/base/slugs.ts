const MAX_SLUG_CHARS = 64;

/**
 * Returns the slug of a name: its ASCII letters and digits (NFKD removes accents and splits ligatures) in lower case,
 * with a hyphen for everything between them, at most 64 characters. Returns null if nothing is left.
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
