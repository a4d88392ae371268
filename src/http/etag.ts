import { preconditionFailed } from '../base/errors.ts';

/** The entity tag of a version of an object (RFC 9110, section 8.8.3); versions only grow. */
export const etag = (version: number): string => `"${version}"`;

/**
 * Throws `precondition_failed` unless `ifMatch`, the value of an `If-Match` header (RFC 9110, section 13.1.1), names
 * `version` or any version. No header means no condition.
 */
export function requireMatch(ifMatch: string | undefined, version: number): void {
  if (ifMatch === undefined) {
    return;
  }
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes('*') && !tags.includes(etag(version))) {
    throw preconditionFailed();
  }
}
