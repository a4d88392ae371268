import type { ServerResponse } from 'node:http';

/** Sets the headers that every answer has. A handler may set others of the same names later. */
export type SecureAnswer = (response: ServerResponse) => void;

/** Returns the headers of every answer: answers may contain secrets, and browsers must not guess their type. */
export function securityHeaders(publicUrl: string): Readonly<Record<string, string>> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    ...(publicUrl.startsWith('https:') && { 'Strict-Transport-Security': 'max-age=31536000' }),
  };
}

/** Creates the function that sets these headers. */
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
