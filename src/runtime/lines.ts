import type { Readable } from 'node:stream';
import type { HeldMemory } from '../base/held-memory.ts';
import type { OverBudget } from '../base/memory-budget.ts';
import { countedBytes } from './pipe-memory.ts';
import type { ProcessTarget } from './target.ts';

type Encoding = Pick<ProcessTarget, 'encoding' | 'undecodable'>;

/** The receiver of the lines of a stream. */
export type LineReader = {
  /**
   * Called with each line that is not empty, without its end. Nothing more is read while the returned promise is
   * pending.
   */
  readonly line: (text: string) => Promise<void> | undefined;
  /** Called when the stream cannot be read any further, with the reason. */
  readonly unreadable: (why: string) => void;
  /** Called when there is no memory for further lines. */
  readonly noRoom: (why: OverBudget) => void;
};

/** The limits and the memory of a stream: the unfinished line, and the lines that are read. */
export type LineLimits = {
  /** The maximum number of characters of one line. */
  readonly longest: number;
  readonly incoming: HeldMemory;
};

/**
 * Reads the lines of a stream in an encoding. A line that is too long ends the reading, and so do invalid bytes in a
 * strict encoding.
 */
export function readLines(
  stream: Readable,
  { encoding, undecodable }: Encoding,
  { longest, incoming }: LineLimits,
  reader: LineReader,
): void {
  const decoder = new TextDecoder(encoding, { fatal: undecodable === 'strict' });
  // The pieces of the unfinished line. They are joined once, because a line may arrive in thousands of pieces.
  let pieces: string[] = [];
  let size = 0;
  /** The characters of the lines that are being read, and the number of reasons for the pause of the stream. */
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

/** Characters that some readers take for line ends. JSON does not escape them. */
const OTHER_LINE_ENDS = /[\u0085\u2028\u2029]/g;

/**
 * Encodes a message as one line. Escapes characters beyond ASCII if the encoding is not UTF-8, and always the
 * characters that some readers take for line ends.
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

/** Escapes each UTF-16 code unit (RFC 8259, section 7). */
const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
