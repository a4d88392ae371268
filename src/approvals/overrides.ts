import type { Sent } from '../calls/types.ts';

/** Names that mean the method: `_method`, `$httpMethod`, `method`, but not `payment_method`. */
const METHOD_PARAMETER = /^(?:(?:x|http|request|original)-?)*(?:(?:method|verb)(?:-?override)?|override)$/;
const METHOD_HEADER = /method|verb|override/;

/** Names that mean the URL or a part of it. Those that are arguments of many services, such as `url`, need a mark before them. */
const PATH_PARAMETER =
  /^(?:(?:x|http|request|original|rewrite|rest)-?(?:.*-)?(?:ur[il]|path|route|prefix|host)|script-?name|path-?info)$/;
const MARKED_PATH_PARAMETER = /^(?:ur[il]|path|route|prefix|host|rewrite)$/;
const PATH_HEADER =
  /(?:ur[il]s?|path|prefix|host|script-?name|path-?info|route|destination)(?=-|$)|rewrit|(?<!(?:method|verb)-?)override|original|^forwarded$|forwarded-(?!(?:for|by|port|proto)$)/;

/** Characters of a query that servers take at most; a longer one counts as whatever it may be. */
const MAX_QUERY_CHARS = 16 * 1024;

/**
 * Whether a request asks, beside its method, for another method: in a header, or in a parameter of its query. Services and
 * proxies that take such an override may write on a GET.
 */
export const overridesMethod = ({ url, headers }: Sent): boolean =>
  headers.some((name) => METHOD_HEADER.test(plain(name))) || hasParameter(url, isMethodParameter);

/**
 * Whether a request asks, beside its URL, for another path or host: in a header, or in a parameter of its query. Services and
 * proxies that take such an override may send it anywhere behind its origin.
 */
export const overridesUrl = ({ url, headers }: Sent): boolean =>
  headers.some((name) => PATH_HEADER.test(plain(name))) || hasParameter(url, isPathParameter);

/** Whether a header says where a request goes, or what it does there. */
export const isOverride = (header: string): boolean =>
  METHOD_HEADER.test(plain(header)) || PATH_HEADER.test(plain(header));

const isMethodParameter = (name: string): boolean => METHOD_PARAMETER.test(plain(name));

const isPathParameter = (name: string): boolean =>
  PATH_PARAMETER.test(plain(name)) || (/^[^a-z]/i.test(name) && MARKED_PATH_PARAMETER.test(plain(name)));

/** A name without case, and with all marks alike, as CGI and the languages that came of it see it. */
const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/**
 * Whether one of the names in a query is of a kind, as servers may read them: parted by `&`, `;` or a second `?`, encoded more
 * than once, or inside of another (`data[_method]`).
 */
const hasParameter = ({ search }: URL, isOfKind: (name: string) => boolean): boolean =>
  search.length > MAX_QUERY_CHARS ||
  decoded(search)
    .split(/[&;?]/)
    .map((part) => part.split('=', 1)[0] ?? '')
    .some((name) => name !== '' && [name, ...name.split(/[[\]]/)].some(isOfKind));

const MAX_DECODINGS = 8;

function decoded(text: string): string {
  let left = text;
  for (let decodings = 0; decodings < MAX_DECODINGS && left.includes('%'); decodings += 1) {
    left = left.replace(/%([0-9a-f]{2})/gi, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)));
  }
  return left;
}
