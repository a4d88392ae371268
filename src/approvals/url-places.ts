import ipaddr from 'ipaddr.js';

/** The possible readings of one path by servers, each as segments with slashes; null if there may be more. */
export type PathReadings = ReadonlySet<string> | null;

/** Ports on which a host counts as the same server over http and https. */
const USUAL_PORTS = new Set(['', '80', '443']);

/**
 * Returns the host and port of an http, https, ws or wss URL, equal for all spellings: case, IDNA, notations of
 * addresses, IPv4 in IPv6, a final dot, and default ports, for any scheme. Other names of the same host count as
 * other hosts.
 */
export function hostOf({ hostname, port }: URL): string {
  const name = hostname.replace(/\.+$/, '');
  const literal = name.replace(/^\[|\]$/g, '');
  const host = ipaddr.isValid(literal) ? ipaddr.process(literal).toString() : name;
  return `${host} ${USUAL_PORTS.has(port) ? '' : port}`;
}

/** The limits for reading a path: one beyond them counts as every path. */
const MAX_PATH_CHARS = 1024;
const MAX_SEGMENTS = 64;
const MAX_DECODINGS = 8;
const MAX_READINGS = 8;

/**
 * Returns the possible readings of a path: decoded never, once or more often; with dot segments as names, or
 * resolved. Ignores case, accents, repeated and final slashes, backslashes, parameters and suffixes of segments,
 * spaces, final dots and invisible characters. It is strict, so that a server that reads a path differently is no way
 * around a policy.
 */
export function readPath(pathname: string): PathReadings {
  if (pathname.length > MAX_PATH_CHARS) {
    return null;
  }
  const readings = new Set<string>();
  for (const stray of STRAY_BYTES) {
    let text = pathname;
    for (let decodings = 0; ; decodings += 1) {
      const written = folded(text).split(SLASHES);
      if (written.length > MAX_SEGMENTS) {
        return null;
      }
      const segments = written.map(nameOf).filter((segment) => segment !== '' && segment !== '.');
      for (const reading of [segments, resolved(segments)]) {
        readings.add(reading.map(withoutSuffix).join('/'));
      }
      const decoded = decodeOnce(text, stray);
      if (decoded === text) {
        break;
      }
      if (decodings === MAX_DECODINGS || readings.size > MAX_READINGS) {
        return null;
      }
      text = decoded;
    }
  }
  return readings;
}

/** Yields a reading of a path, and the readings of all paths above it. */
export function* pathAndParents(reading: string): Generator<string> {
  yield '';
  for (let end = 0; end !== -1 && reading !== ''; ) {
    end = reading.indexOf('/', end + 1);
    yield end === -1 ? reading : reading.slice(0, end);
  }
}

/**
 * Removes what some servers take for a suffix, as in `mcp.json`, `mcp:call`, `mcp,x` or `mcp(1)`. Letters, digits,
 * `-`, `_`, and encoded characters belong to the name.
 */
const withoutSuffix = (segment: string): string => /^.[\p{L}\p{N}_%-]*/su.exec(segment)?.[0] ?? '';

/** The end of a segment for some servers: path parameters, an encoded query or fragment, the end of a C string. */
const ENDS = /[;?#\0].*$/s;
/** Slashes, and characters that servers turn into slashes when they narrow characters. */
const SLASHES = /[/\\\u2044\u2215\u2216\u29f5\u29f8\u29f9]/;

/** Folds case, accents and compatibility forms, and removes invisible characters; a plus is a space in a form. */
const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '')
    .toLowerCase()
    // Folds characters without a lower case, such as ß and ss, and the final sigma.
    .toUpperCase()
    .replaceAll('+', ' ');

/** Removes what some servers cut off; dot segments stay. */
function nameOf(segment: string): string {
  const name = segment.replace(ENDS, '').trim();
  return name === '..' ? name : name.replace(/[.\s]+$/, '');
}

function resolved(segments: readonly string[]): string[] {
  const left: string[] = [];
  for (const segment of segments) {
    if (segment === '..') {
      left.pop();
    } else {
      left.push(segment);
    }
  }
  return left;
}

/** Some servers read bytes that are not UTF-8 as Latin-1; others drop them. */
const STRAY_BYTES: readonly ((byte: number) => string)[] = [(byte) => String.fromCharCode(byte), () => ''];

/** Percent-decodes once: UTF-8, also with overlong forms, and the UTF-16 of `%u0061`. */
const decodeOnce = (text: string, stray: (byte: number) => string): string =>
  text.replace(/(?:%u[0-9a-f]{4})+|(?:%[0-9a-f]{2})+/gi, (encoded) =>
    encoded[1]?.toLowerCase() === 'u'
      ? encoded.replace(/%u(....)/gi, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)))
      : lenientUtf8(Buffer.from(encoded.replaceAll('%', ''), 'hex'), stray),
  );

/** Decodes UTF-8 like old decoders, without their missing checks: overlong forms are characters too. */
function lenientUtf8(bytes: Uint8Array, stray: (byte: number) => string): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
    const rest = bytes.subarray(at + 1, at + length);
    const isWhole = length > 0 && rest.length === length - 1 && rest.every((byte) => byte >> 6 === 0b10);
    const point = rest.reduce((sum, byte) => (sum << 6) | (byte & 0x3f), length < 2 ? first : first & (0x7f >> length));
    const isCharacter = isWhole && point <= 0x10ffff;
    text += isCharacter ? String.fromCodePoint(point) : stray(first);
    at += isCharacter ? length : 1;
  }
  return text;
}
