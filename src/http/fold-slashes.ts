/** The path of an endpoint, with a token or without, and slashes that it has too many. */
const ENDPOINT = /^\/mcp(?:\/+([^/?#]+))?\/*(?=[?#]|$)/;

/**
 * Removes slashes from the URL of a request that clients add when they join a base URL with a path: those at its start
 * count as one, and so do those before and after the token of an endpoint; one at the end of an endpoint's path counts
 * as none. All other paths keep theirs: a path that ends in `/..` must not become the path above it.
 */
export function foldSlashes(url: string): string {
  const folded = url.startsWith('//') ? url.replace(/^\/+/, '/') : url;
  return folded.startsWith('/mcp')
    ? folded.replace(ENDPOINT, (_, token?: string) => (token === undefined ? '/mcp' : `/mcp/${token}`))
    : folded;
}
