import { secretForms } from '../redaction/secret-forms.ts';

/** Characters that are shown, and bytes that are kept: enough to tell a secret that begins before what is shown. */
const MAX_SHOWN_CHARS = 64 * 1024;
const MAX_KEPT_CHARS = 2 * MAX_SHOWN_CHARS;
/** Characters from which on a value is taken for a secret: shorter ones would blot out words. */
const MIN_SECRET_CHARS = 4;

/** The end of what a process writes to its standard error, across its restarts. */
export class StderrBuffer {
  readonly #forms: readonly string[];
  #chunks: Buffer[] = [];
  #size = 0;
  #isCut = false;

  /** Of `secrets`, those of four characters or more are not shown, in whatever form. */
  constructor(secrets: readonly string[]) {
    this.#forms = secretForms(secrets, MIN_SECRET_CHARS);
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > 2 * MAX_KEPT_CHARS) {
      this.#chunks = [Buffer.concat(this.#chunks).subarray(-MAX_KEPT_CHARS)];
      this.#size = MAX_KEPT_CHARS;
      this.#isCut = true;
    }
  }

  /** The last 64 KiB, every secret as `***`. */
  text(): string {
    const whole = Buffer.concat(this.#chunks).toString('utf8');
    const masked = this.#forms.reduce((text, secret) => text.replaceAll(secret, '***'), whole);
    // Where it was cut, the end of a secret may stand, which nothing tells as one.
    const start = this.#isCut ? (this.#forms[0]?.length ?? 0) : 0;
    return masked.slice(start).slice(-MAX_SHOWN_CHARS);
  }
}
