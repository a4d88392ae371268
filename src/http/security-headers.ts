import type { ServerResponse } from 'node:http';

/** Sets the headers that every answer has. A handler may set others of the same names later. */
export type SecureAnswer = (response: ServerResponse) => void;

/** The headers that every answer has, whatever it is: it may hold secrets, and is what its type says. */
export function securityHeaders(publicUrl: string): Readonly<Record<string, string>> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    ...(publicUrl.startsWith('https:') && { 'Strict-Transport-Security': 'max-age=31536000' }),
  };
}

/** Makes what sets them, once for all answers. */
export function secureAnswers(publicUrl: string): SecureAnswer {
  // In lower case, as Node keeps them: it would make each name so again for each answer.
  const headers = Object.entries(securityHeaders(publicUrl)).map(([name, value]) => ({
    name: name.toLowerCase(),
    value,
  }));
  return (response) => {
    for (const { name, value } of headers) {
      response.setHeader(name, value);
    }
  };
}
