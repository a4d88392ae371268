import { isJsonType } from './json.ts';

/** Percent-encodes all but the unreserved characters (RFC 3986, section 2.3). Lone surrogates become U+FFFD. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * For `allowReserved` (OpenAPI 3.1.1, section 4.8.12.2.1): also keeps the reserved characters of RFC 3986, except those
 * that a query may not contain (`#[]`) and those that a server reads as the start of another parameter or as a space
 * (`&;+`).
 */
export const percentEncodeKeepingReserved = (text: string): string => text.replace(/[^:/?@!$'()*,=]+/g, percentEncode);

/** For the names of parameters, which come from the document or from the keys of an argument. */
export const percentEncodeName = (text: string): string => text.replace(/[^:/?@!$'()*,]+/g, percentEncode);

/** A string as it is; everything else as JSON. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Writes a value in a media type: JSON, or else text. */
export const contentOf = (mediaType: string, value: unknown): string =>
  isJsonType(mediaType) ? JSON.stringify(value) : textOf(value);
