import ipaddr from 'ipaddr.js';

/** The ways in which servers may read one path, each as `/a/b/`; null where there are more than are looked at. */
export type PathReadings = readonly string[] | null;

/** Ports on which one host is taken for the same server over http and https. */
const USUAL_PORTS = new Set(['', '80', '443']);

/**
 * Host and port of a URL of http, https, ws or wss, alike for all spellings of them: case, IDNA and the notations of
 * addresses as the URL standard reads them, IPv4 in IPv6, a dot at the end, default ports; whatever the scheme. Other names of
 * the same host are other hosts.
 */
export function hostOf({ hostname, port }: URL): string {
  const name = hostname.replace(/\.+$/, '');
  const literal = name.replace(/^\[|\]$/g, '');
  const host = ipaddr.isValid(literal) ? ipaddr.process(literal).toString() : name;
  return `${host} ${USUAL_PORTS.has(port) ? '' : port}`;
}

/** How often a path is decoded at most, before it counts as every path of its host. */
const MOST_DECODINGS = 8;

/**
 * A path as servers may read it: decoded not at all, once, or more often; with dot segments as names, or resolved. Case,
 * repeated and closing slashes, backslashes, parameters of segments and what cannot be seen make no difference. It is strict: a
 * server that reads it otherwise than another one must not be a way around a policy.
 */
export function readPath(pathname: string): PathReadings {
  const readings = new Set<string>();
  let text = pathname;
  for (let decodings = 0; decodings <= MOST_DECODINGS; decodings += 1) {
    const segments = segmentsOf(text);
    readings.add(joined(segments));
    readings.add(joined(resolved(segments)));
    const decoded = decode(text);
    if (decoded === text) {
      return [...readings];
    }
    text = decoded;
  }
  return null;
}

/** Whether a path may be another one, or lie below it. */
export const isAtOrBelow = (path: PathReadings, other: PathReadings): boolean =>
  path === null || other === null || path.some((reading) => other.some((above) => reading.startsWith(above)));

const joined = (segments: readonly string[]): string =>
  segments
    .map((segment) => `/${segment}`)
    .join('')
    .concat('/');

/** What ends a segment for some server: path parameters, a query or fragment that was encoded, the end of a C string. */
const ENDS = /[;?#\0].*$/s;

function segmentsOf(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return plain
    .split(/[/\\]/)
    .map((segment) => segment.replace(ENDS, '').trim())
    .filter((segment) => segment !== '' && segment !== '.');
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

/** Percent-decodes once, as UTF-8. */
const decode = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'));
