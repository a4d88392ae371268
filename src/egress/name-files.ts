import type { LookupAddress } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

const HOSTS_FILE =
  process.platform === 'win32'
    ? join(process.env.SystemRoot ?? 'C:\\Windows', 'System32/drivers/etc/hosts')
    : '/etc/hosts';
const RESOLVER_FILE = '/etc/resolv.conf';
/** Milliseconds for which the files are taken to be as they were last read. */
const REREAD_MS = 5000;

/** The machine's search domains and hosts file. */
export type NameFiles = {
  /** The text of both files. */
  readonly text: string;
  /** Returns the forms of a name to look up, in order (resolv.conf(5), `search` and `ndots`). None ends in a dot. */
  readonly candidates: (name: string) => readonly string[];
  /**
   * Returns the addresses of a name in the hosts file (hosts(5)), and loopback for `localhost` (RFC 6761, section 6.3).
   */
  readonly addressesOf: (name: string) => readonly LookupAddress[];
};

let read: { readonly at: number; readonly files: NameFiles } | undefined;

/** Reads the hosts file and the resolver configuration, at most every 5 s. A missing file counts as empty. */
export function readNameFiles(): NameFiles {
  const now = performance.now();
  if (read === undefined || now - read.at > REREAD_MS) {
    read = { at: now, files: parseNameFiles(textOf(HOSTS_FILE), textOf(RESOLVER_FILE)) };
  }
  return read.files;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Parses the contents of a hosts file and of a resolv.conf. */
export function parseNameFiles(hosts: string, resolver: string): NameFiles {
  const byName = hostsOf(hosts);
  const { search, ndots } = searchOf(resolver);
  const localhost = byName.get('localhost') ?? [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  return {
    text: `${hosts}\0${resolver}`,
    candidates: (name) => {
      if (name.endsWith('.')) {
        return [name.slice(0, -1)];
      }
      const completed = search.map((domain) => `${name}.${domain}`);
      const isLong = name.split('.').length > ndots;
      // A name of the hosts file is complete as it is.
      return isLong || byName.has(name) ? [name, ...completed] : [...completed, name];
    },
    addressesOf: (name) => byName.get(name) ?? (/(?:^|\.)localhost$/.test(name) ? localhost : []),
  };
}

function hostsOf(text: string): ReadonlyMap<string, readonly LookupAddress[]> {
  const byName = new Map<string, LookupAddress[]>();
  for (const [address = '', ...names] of fieldsOf(text)) {
    const family = isIP(address);
    for (const name of family === 0 ? [] : names) {
      const key = name.toLowerCase();
      byName.set(key, [...(byName.get(key) ?? []), { address, family }]);
    }
  }
  return byName;
}

/** The last `search` or `domain` counts. */
function searchOf(text: string): { search: readonly string[]; ndots: number } {
  let search: readonly string[] = [];
  let ndots = 1;
  for (const [keyword, ...values] of fieldsOf(text)) {
    if (keyword === 'search' || keyword === 'domain') {
      search = values.map((domain) => domain.replace(/\.$/, '')).filter((domain) => domain !== '');
    }
    if (keyword === 'options') {
      const option = values.findLast((value) => /^ndots:\d+$/.test(value));
      ndots = option === undefined ? ndots : Math.min(Number(option.slice('ndots:'.length)), 15);
    }
  }
  return { search, ndots };
}

const fieldsOf = (text: string): string[][] =>
  text.split('\n').flatMap((line) => {
    const fields = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    return fields[0] === '' ? [] : [fields];
  });
