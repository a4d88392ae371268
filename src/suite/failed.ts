/** How an answer was wrong; failures are grouped by it. */
export type FailureKind = 'no answer' | 'another status' | 'an answer that breaks the document' | 'another value';

/** A check has failed. Its message may contain secrets, which are masked when it is printed. */
export class Failed extends Error {
  readonly expected: string;
  readonly came: string;
  /** The request with the wrong answer, as a curl command. */
  readonly request: string;
  readonly kind: FailureKind;

  constructor(expected: string, came: string, request: string, kind: FailureKind = 'another value') {
    super(`expected ${expected}, came ${came}`);
    this.expected = expected;
    this.came = came;
    this.request = request;
    this.kind = kind;
  }
}

/** A check is not possible here; the message names the reason. */
export class Skipped extends Error {}
