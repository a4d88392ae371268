/** Times that a path is decoded on its way: by a proxy, by a server, by a framework. No service does it more often. */
const MAX_DECODINGS = 8;

/** Percent-encodings of one byte, of a UTF-16 unit as IIS takes it, and the overlong ones that old decoders take. */
const ENCODED = /%(?:c0%(?:ae|af)|c1%9c|u00([0-9a-f]{2})|([0-9a-f]{2}))/gi;
const OVERLONG: Readonly<Record<string, string>> = { '%c0%ae': '.', '%c0%af': '/', '%c1%9c': '\\' };

/** `.` or `..`, alone or before what servers cut off: parameters, a query, a fragment, and, in C, all after NUL. */
const DOTS = /^\.{1,2}(?:[;?#\0]|$)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is skipped.
const SKIPPED = /[\x01-\x20\x7f]/g;

/**
 * Whether a segment of a path, as sent, contains a piece that a server or proxy may resolve as `.` or `..` (RFC 3986,
 * section 5.2.4). Checks the segment itself and its form after decoding once and twice: servers decode twice, treat a
 * backslash as a slash, cut off parameters (`..;x`), and skip control characters and spaces.
 */
export function holdsDotSegment(segment: string): boolean {
  let text = segment;
  for (let decodings = 0; decodings <= MAX_DECODINGS; decodings++) {
    if (text.split(/[/\\]/).some((piece) => DOTS.test(piece.replace(SKIPPED, '')))) {
      return true;
    }
    const decoded = decodedOnce(text);
    if (decoded === text) {
      return false;
    }
    text = decoded;
  }
  // What is still encoded by now was encoded to be missed.
  return true;
}

const decodedOnce = (text: string): string =>
  text.replace(
    ENCODED,
    (encoded, unit?: string, byte?: string) =>
      OVERLONG[encoded.toLowerCase()] ?? String.fromCharCode(Number.parseInt(unit ?? byte ?? '', 16)),
  );
