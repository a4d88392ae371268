import type { Sent } from '../calls/types.ts';

/** Names of parameters for the method: `_method`, `$httpMethod`, `method`, but not `payment_method`. */
const METHOD_PARAMETER = /^(?:(?:x|http|request|original)-?)*(?:(?:method|verb)(?:-?override)?|override)$/;
const METHOD_HEADER = /method|verb|override/;

/**
 * Names of parameters for the URL or a part of it. Names that are arguments of many services, such as `url`, require
 * a special character before them.
 */
const PATH_PARAMETER =
  /^(?:(?:x|http|request|original|rewrite|rest)-?(?:.*-)?(?:ur[il]|path|route|prefix|host)|script-?name|path-?info)$/;
const MARKED_PATH_PARAMETER = /^(?:ur[il]|path|route|prefix|host|rewrite)$/;
const PATH_HEADER =
  /(?:ur[il]s?|path|prefix|host|script-?name|path-?info|route|destination)(?=-|$)|rewrit|(?<!(?:method|verb)-?)override|original|^forwarded$|forwarded-(?!(?:for|by|port|proto)$)/;

/** The maximum length of a query that servers accept. A longer query may hold any override. */
const MAX_QUERY_CHARS = 16 * 1024;

/**
 * Whether a request contains another method in a header or a query parameter. Services and proxies that accept such
 * an override may write on a GET.
 */
export const overridesMethod = ({ url, headers }: Sent): boolean =>
  headers.some((name) => METHOD_HEADER.test(plain(name))) || hasParameter(url, isMethodParameter);

/**
 * Whether a request contains another path or host in a header or a query parameter. Services and proxies that accept
 * such an override may send it anywhere behind its origin.
 */
export const overridesUrl = ({ url, headers }: Sent): boolean =>
  headers.some((name) => PATH_HEADER.test(plain(name))) || hasParameter(url, isPathParameter);

/** Whether a header can change the destination or the method of a request. */
export const isOverride = (header: string): boolean =>
  METHOD_HEADER.test(plain(header)) || PATH_HEADER.test(plain(header));

const isMethodParameter = (name: string): boolean => METHOD_PARAMETER.test(plain(name));

const isPathParameter = (name: string): boolean =>
  PATH_PARAMETER.test(plain(name)) || (/^[^a-z]/i.test(name) && MARKED_PATH_PARAMETER.test(plain(name)));

/**
 * Normalises a name: lower case, and a hyphen for each special character, as CGI and the languages after it read it.
 */
const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/**
 * Whether a query contains a name of a kind, as servers may read it: separated by `&`, `;` or a second `?`, encoded
 * more than once, or inside another name (`data[_method]`).
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
