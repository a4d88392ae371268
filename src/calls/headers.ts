import { isConnectionHeader } from '../base/header-names.ts';

/** Headers that the gateway writes. */
const OURS = new Set(['accept', 'accept-encoding', 'authorization', 'content-type', 'cookie']);

/**
 * True for a header that the gateway or HTTP itself writes. Arguments cannot set it: a parameter of that name is left
 * out.
 */
export const isOurs = (name: string): boolean => OURS.has(name.toLowerCase()) || isConnectionHeader(name);

/** True for a header that an account may add to every request. */
export const isFixable = (name: string): boolean =>
  !isConnectionHeader(name) && !['accept-encoding', 'content-encoding', 'content-type'].includes(name.toLowerCase());

/** True for a token (RFC 9110, section 5.6.2). */
export const isHeaderName = (name: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(name);

/** True for a valid header value (RFC 9110, section 5.5): no line ends, only Latin-1. */
export const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value);

/**
 * Returns the media type of the document if it is concrete, otherwise `fallback`: a range (`image/*`) does not describe
 * the sent data.
 */
export const concreteType = (mediaType: string, fallback: string): string =>
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;[\x20-\x7e]*)?$/.test(mediaType) ? mediaType : fallback;
