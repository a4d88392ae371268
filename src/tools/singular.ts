import pluralize from 'pluralize';

/** Words that look like plurals, or of whose singular nobody thinks. */
const ALONE = new Set([
  ...[
    'access',
    'address',
    'alias',
    'analytics',
    'atlas',
    'axis',
    'basis',
    'bias',
    'canvas',
    'chaos',
    'cors',
    'data',
    'devops',
  ],
  ...[
    'diagnostics',
    'goods',
    'graphics',
    'https',
    'jenkins',
    'kubernetes',
    'kudos',
    'lens',
    'logistics',
    'macos',
    'metadata',
  ],
  ...['news', 'ops', 'postgres', 'redis', 'saas', 'paas', 'iaas', 'faas', 'baas', 'sales', 'series', 'stats', 'status'],
  ...['timeseries', 'windows'],
]);
/** Words of two letters that have a plural. */
const SHORT = new Set(['id', 'ip', 'ad', 'vm', 'db', 'pr', 'pc', 'tv', 'ui', 'qr']);

/**
 * Returns the singular of an English word in small letters; the word itself where its ending only looks like a plural
 * (`aws`, `kubernetes`, `metadata`): a plural in a name does no harm, a word that does not exist does.
 */
export function singularOf(word: string): string {
  if (word === 'cookies') {
    return 'cookie';
  }
  if (ALONE.has(word)) {
    return word;
  }
  const one = pluralize.singular(word);
  const isShort = one.length < 3 && !SHORT.has(one);
  return isShort || pluralize.plural(one) !== word ? word : one;
}
