import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SOURCES } from './imports.ts';

/**
 * What is measured and stated has an entry in `bench/claims.json`, which says how to measure it again.
 * `docs/performance.md` has the rule by which measured figures differ from limits and bars.
 */
const ROOT = join(import.meta.dirname, '../..');
const PERFORMANCE = 'docs/performance.md';
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .toSorted();

type Claim = {
  readonly file: string;
  /** A part of the page that is found there once. */
  readonly claim: string;
  readonly command: string;
  /** One of `machines`. */
  readonly machine: string;
  readonly commit: string;
  readonly date: string;
};
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const { machines, claims } = JSON.parse(read('bench/claims.json')) as {
  readonly machines: Readonly<Record<string, string>>;
  readonly claims: readonly Claim[];
};

/** The units of figures: what they measure, and how much one is in milliseconds, bytes, or as a share. */
const UNITS: Readonly<Record<string, readonly ['time' | 'size' | 'share', number]>> = {
  '×': ['share', 1],
  times: ['share', 1],
  '%': ['share', 0.01],
  µs: ['time', 0.001],
  ms: ['time', 1],
  s: ['time', 1000],
  seconds: ['time', 1000],
  minutes: ['time', 60_000],
  bytes: ['size', 1],
  KB: ['size', 1000],
  MB: ['size', 1e6],
  KiB: ['size', 1024],
  MiB: ['size', 1024 ** 2],
  GiB: ['size', 1024 ** 3],
};
/** How the names of constants end, and which of the units they are in. */
const SUFFIXES: Readonly<Record<string, string>> = {
  MS: 'ms',
  Ms: 'ms',
  SECONDS: 's',
  Seconds: 's',
  BYTES: 'bytes',
  Bytes: 'bytes',
  _MIB: 'MiB',
  MIB: 'bytes',
  GIB: 'bytes',
  RATIO: '×',
};

/** A quantity as text, so that quantities of different units can be compared; null for a number without a unit. */
const quantity = (number: number, unit: string | undefined): string | null => {
  const [kind, one] = UNITS[unit ?? ''] ?? [];
  return one === undefined ? null : `${kind} ${number * one}`;
};

/** A number, its unit, and whether it is a rate. What stands behind ≤ or ≥ is a bar. */
const FIGURE = new RegExp(
  String.raw`(?<![\w.,-]|[≤≥] )(about )?(\d[\d,]*(?:\.\d+)?)(?: ?(${Object.keys(UNITS).join('|')})| (?:calls |requests )?a second|/s)(?!\w)`,
  'g',
);

type Figure = { readonly at: number; readonly text: string; readonly value: string | null };

/** The figures of a page outside of code. `value` is their quantity; null for a rate, and for what is about so much: no limit is. */
const figuresOf = (page: string): Figure[] =>
  [...page.replace(/^```.*?^```|`[^`\n]*`/gms, (code) => ' '.repeat(code.length)).matchAll(FIGURE)].map(
    ({ index, 0: text, 1: about, 2: number = '', 3: unit }) => ({
      at: index + (about ?? '').length,
      text: text.replace(/^about /, ''),
      value: about === undefined ? quantity(Number(number.replaceAll(',', '')), unit) : null,
    }),
  );

/** Numbers by their names in a source: `MAX_BODY_BYTES = 4 * MIB`, `stopGraceMs: 10_000`. */
const CONSTANT = new RegExp(
  String.raw`\b(\w*?)(${Object.keys(SUFFIXES).join('|')})(?: =|:) ([\dA-Z][\w\s*.]*)[;,]`,
  'g',
);

/** The quantities of the constants of a source. */
function constantsOf(source: string): string[] {
  const known = new Map<string, number>();
  return [...source.matchAll(CONSTANT)].flatMap(([, stem = '', suffix = '', text = '']) => {
    const terms = text.split('*').map((term) => known.get(term.trim()) ?? Number(term.replaceAll('_', '')));
    const value = terms.reduce((product, term) => product * term, 1);
    known.set(`${stem}${suffix}`, value);
    return quantity(value, SUFFIXES[suffix]) ?? [];
  });
}

const LIMITS = new Set(SOURCES.flatMap((file) => constantsOf(read(file))));

/** The figures of a page that no claim covers, and that are no limits; on the page of what is measured, nothing is one. */
function unproved(
  file: string,
  page: string,
  own: readonly Pick<Claim, 'claim'>[],
  limits: ReadonlySet<string>,
): string[] {
  const covered = own.map(({ claim }) => [page.indexOf(claim), page.indexOf(claim) + claim.length] as const);
  return figuresOf(page)
    .filter(({ at }) => !covered.some(([from, to]) => from <= at && at < to))
    .filter(({ value }) => file === PERFORMANCE || value === null || !limits.has(value))
    .map(({ at, text }) => `${file}:${page.slice(0, at).split('\n').length}: ${text}`);
}

const ofFile = (file: string): Claim[] => claims.filter((claim) => claim.file === file);

test.each(PAGES)('%s states no measured figure without an entry in bench/claims.json', (file) => {
  expect(unproved(file, read(file), ofFile(file), LIMITS)).toEqual([]);
});

test('every entry is stated once, as a figure', () => {
  const stale = claims.filter(
    ({ file, claim }) => !PAGES.includes(file) || read(file).split(claim).length !== 2 || figuresOf(claim).length === 0,
  );
  expect(stale).toEqual([]);
});

test('every entry says how, where and when it was measured', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const vague = claims.filter(
    ({ command, machine, commit, date }) =>
      !Object.hasOwn(scripts, /^npm run ([\w:-]+)/.exec(command)?.[1] ?? '') ||
      !Object.hasOwn(machines, machine) ||
      !/^[\da-f]{7,40}$/.test(commit) ||
      !/^\d{4}-\d\d-\d\d$/.test(date),
  );
  expect(vague).toEqual([]);
});

test.each([
  ['A call costs 1.21× the relay.', ['1.21×']],
  ['It takes 12 % more, or 40%.', ['12 %', '40%']],
  [
    '5.5 times, 300 µs, 7 ms, 60 s, 2 GiB, 1 KB, 500 bytes.',
    ['5.5 times', '300 µs', '7 ms', '60 s', '2 GiB', '1 KB', '500 bytes'],
  ],
  ['2,900 calls a second, 40/s, 12 a second.', ['2,900 calls a second', '40/s', '12 a second']],
  ['The bar is ≤ 1.3×, and ≥ 5×.', []],
  ['Set `192MiB`.\n```\nfor 5 s\n```\n', []],
  ['Version 2025-11-25, port 8080, 1.2 seconds-old, 12 servers, RFC 9110.', ['1.2 seconds']],
])('in %j the figures are %j', (page, figures) => {
  expect(figuresOf(page).map(({ text }) => text)).toEqual(figures);
});

test.each<[string, string, string[], string[], string[]]>([
  ['a limit of the sources', 'docs/operating.md', [], ['time 60000'], []],
  ['no limit', 'docs/operating.md', [], ['time 5000', 'size 60000'], ['docs/operating.md:2: 60 s']],
  ['a limit, where only measured figures stand', PERFORMANCE, [], ['time 60000'], ['docs/performance.md:2: 60 s']],
  ['covered by a claim', PERFORMANCE, ['60 s'], [], []],
  ['beside a claim', PERFORMANCE, ['It waits'], [], ['docs/performance.md:2: 60 s']],
])('a figure that is %s', (_, file, covering, limits, found) => {
  const own = covering.map((claim) => ({ claim }));
  expect(unproved(file, '# Page\nIt waits 60 s.\n', own, new Set(limits))).toEqual(found);
});

test('what is about so much is no limit', () => {
  expect(unproved('README.md', 'It waits about 60 s.', [], new Set(['time 60000']))).toEqual(['README.md:1: 60 s']);
});

test('constants have the value of their products', () => {
  const source =
    'const MIB = 1024 * 1024;\nexport const MAX_BODY_BYTES = 4 * MIB;\nconst LIMITS = {\n  graceMs: 10_000,\n};\n';
  expect(constantsOf(source)).toEqual(['size 1048576', 'size 4194304', 'time 10000']);
});
