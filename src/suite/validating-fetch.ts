import type { Document } from '../contract/document.ts';
import { createAnswerCheck, type Seen } from './answer-check.ts';

/** An answer violates the document. `response` is that answer, with unread body. */
export class ContractViolation extends Error {
  readonly violations: readonly string[];
  readonly response: Response;

  constructor(request: Request, violations: readonly string[], response: Response) {
    super(`${request.method} ${request.url} answered ${response.status}: ${violations.join('; ')}`);
    this.violations = violations;
    this.response = response;
  }
}

export type ValidatingFetch = {
  /** Like the global `fetch`, but throws a `ContractViolation` for an answer that violates the document. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** The documented statuses that were seen. */
  readonly seen: Seen;
};

/**
 * Creates a `fetch` that checks every answer of the server at `baseUrl` against the document: status, headers, media
 * type and body. It does not follow redirects. It reads complete answers, so it does not support streams.
 */
export function createValidatingFetch(document: Document, baseUrl: string): ValidatingFetch {
  const check = createAnswerCheck(document);
  const base = new URL(baseUrl).pathname.replace(/\/+$/, '');
  return {
    seen: check.seen,
    fetch: async (input, init) => {
      const request = new Request(input, { redirect: 'manual', ...init });
      const { status, headers, text } = await read(await fetch(request));
      // A body is not allowed with these, not even an empty one.
      const response = new Response([204, 205, 304].includes(status) ? null : text, { status, headers });
      const path = new URL(request.url).pathname.slice(base.length);
      const violations = check.violations(request.method, path, { status, headers, text });
      if (violations.length > 0) {
        throw new ContractViolation(request, violations, response);
      }
      return response;
    },
  };
}

const read = async (response: Response) => ({
  status: response.status,
  headers: response.headers,
  text: await response.text(),
});
