import type { ExpectedVersion } from '../base/expected-version.ts';

/** The entity tag of a version of an object (RFC 9110, section 8.8.3); versions only grow. */
export const etag = (version: number): string => `"${version}"`;

/**
 * Returns the versions in an `If-Match` header (RFC 9110, section 13.1.1). No header means no condition; weak and
 * foreign tags match no version.
 */
export function parseIfMatch(ifMatch: string | undefined): ExpectedVersion {
  const tags = ifMatch === undefined ? ['*'] : ifMatch.split(',').map((tag) => tag.trim());
  return tags.includes('*')
    ? 'any'
    : tags
        .map((tag) => ({ tag, version: Number(tag.slice(1, -1)) }))
        .flatMap(({ tag, version }) => (etag(version) === tag ? [version] : []));
}
