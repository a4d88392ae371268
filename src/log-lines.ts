import pino, { type DestinationStream } from 'pino';

/** Characters of lines that are written at once, and milliseconds after which fewer are. */
const BLOCK = 8192;
const PAUSE = 200;

/**
 * Standard output for log lines, in blocks: a write for each line would cost more than the line, and what a kill
 * loses is the last fifth of a second. pino's own destination measures all that waits anew with every line.
 */
export function logLines(): DestinationStream {
  let block = '';
  const flush = (): void => {
    if (block !== '') {
      output.write(block);
      block = '';
    }
  };
  // Before the output itself does what it does at the end, when nothing is left to do and when somebody says so.
  process.on('beforeExit', flush).on('exit', flush);
  const output = pino.destination({ sync: false });
  setInterval(flush, PAUSE).unref();
  return {
    write: (line) => {
      block += line;
      if (block.length >= BLOCK) {
        flush();
      }
    },
  };
}
