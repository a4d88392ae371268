import type { Readable } from 'node:stream';
import { LONGEST_MESSAGE } from './pipe.ts';
import type { ProcessTarget } from './target.ts';

type Encoding = Pick<ProcessTarget, 'encoding' | 'undecodable'>;

export type LineReader = {
  /** One line that is not empty, without its end. */
  readonly line: (text: string) => void;
  /** There will be no more lines, and why. */
  readonly unreadable: (why: string) => void;
};

/** Reads the lines of a stream in an encoding. A line of more than 32 Mi characters, and bytes that are none, end it. */
export function readLines(stream: Readable, { encoding, undecodable }: Encoding, reader: LineReader): void {
  const decoder = new TextDecoder(encoding, { fatal: undecodable === 'strict' });
  // The pieces of a line whose end has not come; joined once, for a line may come in thousands.
  let pieces: string[] = [];
  let size = 0;
  let isOver = false;
  const giveUp = (why: string): void => {
    isOver = true;
    pieces = [];
    reader.unreadable(why);
  };
  stream.on('data', (chunk: Buffer) => {
    if (isOver) {
      return;
    }
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: true });
    } catch {
      giveUp(`its output is not in the encoding ${encoding}`);
      return;
    }
    const [first = '', ...rest] = (undecodable === 'ignore' ? text.replaceAll('\ufffd', '') : text).split('\n');
    pieces.push(first);
    size += first.length;
    for (const next of rest) {
      const line = pieces.join('').trim();
      if (line !== '') {
        reader.line(line);
      }
      pieces = [next];
      size = next.length;
    }
    if (size > LONGEST_MESSAGE) {
      giveUp(`one line of its output is longer than ${LONGEST_MESSAGE} characters`);
    }
  });
}

/** A message as a line in an encoding. What is not ASCII is escaped where the encoding is not UTF-8: JSON can. */
export function encodeLine(message: string, encoding: string): Buffer {
  const label = new TextDecoder(encoding).encoding;
  if (label === 'utf-8') {
    return Buffer.from(`${message}\n`, 'utf8');
  }
  const ascii = message.replaceAll(/\P{ASCII}/gu, (character) =>
    // By UTF-16 code units, as JSON escapes them (RFC 8259, section 7).
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
  const bytes = Buffer.from(`${ascii}\n`, 'utf16le');
  return label === 'utf-16le' ? bytes : label === 'utf-16be' ? bytes.swap16() : Buffer.from(`${ascii}\n`, 'latin1');
}
