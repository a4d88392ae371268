import { secretForms } from '../redaction/secret-forms.ts';

/** The characters to show, and the bytes to keep: enough to recognise a secret that begins before the shown part. */
const MAX_SHOWN_CHARS = 64 * 1024;
const MAX_KEPT_CHARS = 2 * MAX_SHOWN_CHARS;
/** The minimum length of a secret: masking shorter values would hide ordinary words. */
const MIN_SECRET_CHARS = 4;

/** The end of the standard error of a process, across its restarts. */
export class StderrBuffer {
  readonly #forms: readonly string[];
  #chunks: Buffer[] = [];
  #size = 0;
  #isCut = false;

  /** Masks the secrets of four or more characters, in any form. */
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

  /** Returns the last 64 KiB, with every secret as `***`. */
  text(): string {
    const whole = Buffer.concat(this.#chunks).toString('utf8');
    const masked = this.#forms.reduce((text, secret) => text.replaceAll(secret, '***'), whole);
    // The text may begin with the end of a secret, which cannot be recognised.
    const start = this.#isCut ? (this.#forms[0]?.length ?? 0) : 0;
    return masked.slice(start).slice(-MAX_SHOWN_CHARS);
  }
}
