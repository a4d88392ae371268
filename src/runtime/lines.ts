import type { Readable } from 'node:stream';
import type { HeldMemory } from '../base/held-memory.ts';
import type { OverBudget } from '../base/memory-budget.ts';
import { countedBytes } from './pipe-memory.ts';
import type { ProcessTarget } from './target.ts';

type Encoding = Pick<ProcessTarget, 'encoding' | 'undecodable'>;

export type LineReader = {
  /** One line that is not empty, without its end. While a promise that it returns is pending, no more is read. */
  readonly line: (text: string) => Promise<void> | undefined;
  /** There will be no more lines, and why. */
  readonly unreadable: (why: string) => void;
  /** There will be no more lines, since there is no room for them. */
  readonly noRoom: (why: OverBudget) => void;
};

/** What is held of a stream: the line whose end has not come, and those that are read. */
export type LineLimits = {
  /** Characters that one line may have. */
  readonly longest: number;
  readonly incoming: HeldMemory;
};

/** Reads the lines of a stream in an encoding. A line that is too long, and bytes that are none, end it. */
export function readLines(
  stream: Readable,
  { encoding, undecodable }: Encoding,
  { longest, incoming }: LineLimits,
  reader: LineReader,
): void {
  const decoder = new TextDecoder(encoding, { fatal: undecodable === 'strict' });
  // The pieces of a line whose end has not come; joined once, for a line may come in thousands.
  let pieces: string[] = [];
  let size = 0;
  /** Characters of lines that are being read, and for how many reasons the stream stands still. */
  let read = 0;
  let pauses = 0;
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    pieces = [];
  };
  const giveUp = (why: string): void => {
    stop();
    reader.unreadable(why);
  };
  const pauseUntil = (settled: Promise<void>): void => {
    pauses += 1;
    stream.pause();
    const goOn = (): void => {
      pauses -= 1;
      if (pauses === 0) {
        stream.resume();
      }
    };
    settled.then(goOn, (error: OverBudget) => {
      stop();
      goOn();
      reader.noRoom(error);
    });
  };
  const take = (line: string): void => {
    const taking = reader.line(line);
    if (taking !== undefined) {
      read += line.length;
      pauseUntil(
        taking.finally(() => {
          read -= line.length;
          incoming.tryResize(countedBytes(size + read));
        }),
      );
    }
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
        take(line);
      }
      pieces = [next];
      size = next.length;
    }
    if (size > longest) {
      giveUp(`one line of its output is longer than ${longest} characters`);
    } else if (!incoming.tryResize(countedBytes(size + read))) {
      pauseUntil(incoming.waitToResize(countedBytes(size + read)));
    }
  });
}

/** Line ends for readers that know more of them than JSON, which leaves these as they are. */
const OTHER_LINE_ENDS = /[\u0085\u2028\u2029]/g;

/**
 * A message as a line in an encoding. What is not ASCII is escaped where the encoding is not UTF-8, and what some reader takes for
 * the end of a line is always: JSON can.
 */
export function encodeLine(message: string, encoding: string): Buffer {
  const label = new TextDecoder(encoding).encoding;
  if (label === 'utf-8') {
    return Buffer.from(`${message.replace(OTHER_LINE_ENDS, escaped)}\n`, 'utf8');
  }
  const ascii = `${message.replaceAll(/\P{ASCII}/gu, escaped)}\n`;
  const bytes = Buffer.from(ascii, 'utf16le');
  return label === 'utf-16le' ? bytes : label === 'utf-16be' ? bytes.swap16() : Buffer.from(ascii, 'latin1');
}

/** By UTF-16 code units, as JSON escapes them (RFC 8259, section 7). */
const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
