import { encode } from './calls/encode.ts';

/**
 * How secrets can stand in a text: as they are, whole or line by line, percent-encoded, inside JSON, and in base64; of
 * each at least so many characters. Longer ones come first, since one may hold another.
 */
export const secretForms = (secrets: readonly string[], shortest: number): string[] =>
  secrets
    .flatMap((secret) => [
      secret,
      ...secret.split(/\r?\n/),
      encode(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ])
    .filter(({ length }) => length >= shortest)
    .toSorted((a, b) => b.length - a.length);
