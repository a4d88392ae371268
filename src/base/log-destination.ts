import pino, { type DestinationStream } from 'pino';

/**
 * What a terminal, or who looks at it, would take for more than a character: controls (as pino writes them, or as they are), and
 * what turns the direction of text or ends a line. A line and a tabulator may be in a stack.
 */
const CONTROLS = /\\(?:u00[01][0-9a-f]|[\s\S])|[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gi;

/** Escapes control characters in the texts of a line of JSON; foreign texts may contain them. */
export const escapeControls = (line: string): string =>
  line.replace(CONTROLS, (found) => {
    if (found[0] !== '\\') {
      return `\\\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
    }
    return /^\\(?:u|[bfr])/.test(found) && !/^\\u000[9a]/i.test(found) ? `\\${found}` : found;
  });

/** Characters of lines that are written at once, and milliseconds after which fewer are. */
const BLOCK_CHARS = 8192;
const PAUSE_MS = 200;

/**
 * Writes log lines to standard output in blocks: a write for each line would cost more than the line. A kill loses the
 * lines of the last fifth of a second.
 */
export const createLogDestination = (): DestinationStream =>
  pino.destination({ sync: false, minLength: BLOCK_CHARS, periodicFlush: PAUSE_MS });
