import { randomUUID } from 'node:crypto';
import { createYielding } from './event-loop-turns.ts';
import { readJson } from './read-json.ts';

/** Stands in a text for what is spliced into it. No text of an outsider holds it: each process makes its own. */
const MARK = `unparsed-${randomUUID()}-`;
const PIECE_CHARS = 256 * 1024;

/** The texts that the JSON that is being written has to be spliced with; undefined where nothing will be spliced. */
let spliced: string[] | undefined;

/** A JSON value that stays unparsed because of its size. Write it with `writeJson`. */
export class Unparsed {
  readonly #text: string;

  /** `text` must be valid JSON, in one line. */
  constructor(text: string) {
    this.#text = text;
  }

  text(): string {
    return this.#text;
  }

  toJSON(): unknown {
    return spliced === undefined ? readJson(this.#text) : `${MARK}${spliced.push(this.#text) - 1}`;
  }
}

/** `JSON.stringify` for values that contain `Unparsed` ones: it writes their text unchanged. */
export function writeJson(value: unknown): string {
  const texts: string[] = [];
  spliced = texts;
  let text: string;
  try {
    text = JSON.stringify(value);
  } finally {
    spliced = undefined;
  }
  if (texts.length === 0) {
    return text;
  }
  const [first = '', ...rest] = text.split(`"${MARK}`);
  return rest.reduce((written, piece) => {
    const end = piece.indexOf('"');
    return written + texts[Number(piece.slice(0, end))] + piece.slice(end + 1);
  }, first);
}

/** A JSON text in one line. */
export async function toOneLine(text: string): Promise<string> {
  if (!text.includes('\n') && !text.includes('\r')) {
    return text;
  }
  const yieldTurn = createYielding();
  let line = '';
  for (let at = 0; at < text.length; at += PIECE_CHARS) {
    line += text.slice(at, at + PIECE_CHARS).replaceAll(/[\r\n]/g, ' ');
    await yieldTurn();
  }
  return line;
}
