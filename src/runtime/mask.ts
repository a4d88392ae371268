import { LRUCache } from 'lru-cache';
import { createYielding } from '../base/event-loop-turns.ts';
import { SecretSearch, type Wanted } from '../redaction/secret-search.ts';
import { isNameOfSecret, secretValues, sentIn } from '../redaction/secret-values.ts';
import { isErrorIn, saysError } from './message-errors.ts';
import { type MaskedKinds, type Room, StreamMask } from './stream-mask.ts';
import type { Target } from './target.ts';

/** The masks of known servers. Large masks are kept only while there is room: one takes 50 ms to make. */
const masks = new WeakMap<Target, Mask | null>();
const largeMasks = new LRUCache<Target, Mask>({ maxSize: 16 * 1024 * 1024, sizeCalculation: ({ bytes }) => bytes });
const LARGE_BYTES = 64 * 1024;

/** Returns the mask for the messages of a server; null if it has no secrets. */
export function maskOf(target: Target): Mask | null {
  let mask = largeMasks.get(target) ?? masks.get(target);
  if (mask === undefined) {
    const values = target.secrets.map(({ name, value }) => ({ name, values: secretValues(name, value) }));
    const search = new SecretSearch(values.flatMap((secret) => secret.values));
    const isOfResults = ({ name }: { name: string }): boolean => target.isShared && isNameOfSecret(name);
    const named = new Set(values.filter(isOfResults).flatMap((secret) => secret.values.map(({ value }) => value)));
    const kinds = {
      errors: search.wanting(() => true),
      results: search.wanting((value) => named.has(value)),
      undecided: search.wanting((value) => !named.has(value)),
    };
    mask = search.isEmpty ? null : new Mask(search, kinds);
    if (mask !== null && mask.bytes > LARGE_BYTES) {
      largeMasks.set(target, mask);
    } else {
      masks.set(target, mask);
    }
  }
  return mask;
}

/**
 * Masks the configured values of a server in its messages: servers repeat them, and the reader need not be the owner.
 * In errors, and in results that report an error, every configured value is masked. In all other data, only values of
 * servers of the operator with names of secrets are masked. Values of less than 8 characters, or of digits only, are
 * never masked.
 */
export class Mask {
  readonly #search: SecretSearch;
  readonly #kinds: MaskedKinds;

  constructor(search: SecretSearch, kinds: MaskedKinds) {
    this.#search = search;
    this.#kinds = kinds;
  }

  /** Its approximate size in memory, in bytes. */
  get bytes(): number {
    return this.#search.bytes;
  }

  /**
   * Returns a mask without the values that the reader of the answer has sent: otherwise a server that repeats guesses
   * would show which one is right. `sent` contains the parameters of the request.
   */
  async withoutSent(sent: unknown): Promise<Mask> {
    const turn = createYielding();
    const known = await this.#search.knownFrom(sentIn(sent), turn);
    if (known.size === 0) {
      return this;
    }
    const { errors, results, undecided } = this.#kinds;
    return new Mask(this.#search, {
      errors: this.#search.without(errors, known),
      results: this.#search.without(results, known),
      undecided: this.#search.without(undecided, known),
    });
  }

  /** Masks the text of an error. */
  error(text: string): Promise<string> {
    return this.#outOf(text, this.#kinds.errors);
  }

  /** Masks any other text. */
  result(text: string): Promise<string> {
    return this.#outOf(text, this.#kinds.results);
  }

  /** Masks the text of a message. */
  message(text: string, message: Readonly<Record<string, unknown>>): Promise<string> {
    return saysError(message) ? this.error(text) : this.result(text);
  }

  /** Masks a complete body in JSON. */
  async json(body: Buffer): Promise<Buffer> {
    const turn = createYielding();
    const { errors, results } = this.#kinds;
    // Every value that is masked in results is also masked in errors.
    if (!(await this.#search.standIn(body, errors, true, turn))) {
      return body;
    }
    return this.#search.outOfBytes(body, isErrorIn(body) ? errors : results, true, turn);
  }

  /** Creates the mask of a body that arrives in chunks of any size: events, or one body in JSON. */
  ofStream(areEvents: boolean, room: Room): StreamMask {
    return new StreamMask(this.#search, this.#kinds, areEvents, room);
  }

  async #outOf(text: string, wanted: Wanted): Promise<string> {
    const turn = createYielding();
    return (await this.#search.standIn(text, wanted, true, turn))
      ? this.#search.outOfText(text, wanted, true, turn)
      : text;
  }
}
