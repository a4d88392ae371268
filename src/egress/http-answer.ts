import { Readable } from 'node:stream';
import type { AnswerHeaders } from './answer-headers.ts';

/** The answer to an HTTP request. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /**
   * Small JSON as a whole; everything else as a stream. The holder of the answer owns it, and must read it to its end
   * or discard it. Only iteration throws its failure: an unread body cannot end the process.
   */
  readonly body: Buffer | Readable;
};

/**
 * The failure of an exchange. `unreachable`: nothing was sent. For all others, the request may have been carried out.
 * `contradicting`: a header of the answer came twice with different values.
 */
export type HttpFailure = {
  readonly kind: 'unreachable' | 'broken' | 'late' | 'contradicting';
  /** Whether the answer had begun. */
  readonly isAnswered: boolean;
  /** A code, or the name of the error; of `contradicting`, the name of the header. */
  readonly reason: string;
  /** `EgressRefused` if the policy refused the request. */
  readonly cause: Error;
};

/** Ends an answer that is not read any further; does nothing if it has already ended. */
export function discard({ body }: HttpAnswer): void {
  if (body instanceof Readable && !body.readableEnded) {
    body.destroy();
  }
}
