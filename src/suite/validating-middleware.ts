import type { Middleware } from 'openapi-fetch';
import type { Document } from '../contract/document.ts';
import { createAnswerCheck, type Seen } from './answer-check.ts';

/** An answer violates the document. */
export class ContractViolation extends Error {
  readonly violations: readonly string[];

  constructor(request: Request, status: number, violations: readonly string[]) {
    super(`${request.method} ${request.url} answered ${status}: ${violations.join('; ')}`);
    this.violations = violations;
  }
}

export type Validation = {
  /** For a client of the server: its calls reject with a `ContractViolation` for an answer that violates the document. */
  readonly middleware: Middleware;
  /** The documented statuses that were seen. */
  readonly seen: Seen;
};

/**
 * Creates the middleware that checks every answer of the server at `baseUrl` against the document: status, headers, media
 * type and body. It reads complete answers, so it does not support streams.
 */
export function createValidation(document: Document, baseUrl: string): Validation {
  const check = createAnswerCheck(document);
  const base = new URL(baseUrl).pathname.replace(/\/+$/, '');
  return {
    seen: check.seen,
    middleware: {
      onResponse: async ({ request, response }) => {
        const { status, headers } = response;
        const { text, unread } = await readWhole(response);
        const path = new URL(request.url).pathname.slice(base.length);
        const violations = check.violations(request.method, path, { status, headers, text });
        if (violations.length > 0) {
          throw new ContractViolation(request, status, violations);
        }
        return unread;
      },
    },
  };
}

/** The text of an answer, and the answer as it was before that. Much cheaper than a clone, whose streams wait for each other. */
export async function readWhole(response: Response): Promise<{ readonly text: string; readonly unread: Response }> {
  const { status, headers } = response;
  const text = await response.text();
  // A body is not allowed with these, not even an empty one.
  const body = [204, 205, 304].includes(status) ? null : text;
  return { text, unread: new Response(body, { status, headers }) };
}
