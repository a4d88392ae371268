import type { Result } from './result.ts';

/** Reports the results of a run. */
export type Reporter = {
  readonly result: (result: Result) => void;
  readonly end: () => void;
};
type Write = (text: string) => void;

const counts = (results: readonly Result[]) => ({
  total: results.length,
  ok: results.filter(({ outcome }) => outcome === 'ok').length,
  failed: results.filter(({ outcome }) => outcome === 'fail').length,
  skipped: results.filter(({ outcome }) => outcome === 'skip').length,
});

/** Writes one line for each check, details for failures, and a summary at the end. */
export function textReporter(write: Write): Reporter {
  const results: Result[] = [];
  return {
    result: (result) => {
      results.push(result);
      const label = { ok: 'ok  ', fail: 'FAIL', skip: 'skip' }[result.outcome];
      write(`${label}  ${result.api.padEnd(8)}  ${result.name}\n`);
      for (const line of explanation(result)) {
        write(`      ${line}\n`);
      }
    },
    end: () => {
      const { total, ok, failed, skipped } = counts(results);
      write(`\n${total} checks: ${ok} ok, ${failed} failed, ${skipped} skipped\n`);
    },
  };
}

/** Writes JUnit XML at the end. */
export function junitReporter(write: Write): Reporter {
  const results: Result[] = [];
  return {
    result: (result) => void results.push(result),
    end: () => {
      const { total, failed, skipped } = counts(results);
      const seconds = results.reduce((sum, result) => sum + result.seconds, 0).toFixed(3);
      const numbers = `tests="${total}" failures="${failed}" errors="0" skipped="${skipped}" time="${seconds}"`;
      write('<?xml version="1.0" encoding="UTF-8"?>\n');
      write(`<testsuites ${numbers}>\n<testsuite name="contract" ${numbers}>\n`);
      for (const result of results) {
        write(`${testCase(result)}\n`);
      }
      write('</testsuite>\n</testsuites>\n');
    },
  };
}

function testCase(result: Result): string {
  const { api, name, seconds, outcome } = result;
  const open = `<testcase classname="contract.${api}" name="${escaped(name)}" time="${seconds}"`;
  const lines = explanation(result);
  const [first = ''] = lines;
  switch (outcome) {
    case 'ok':
      return `${open}/>`;
    case 'skip':
      return `${open}><skipped message="${escaped(first)}"/></testcase>`;
    case 'fail':
      return `${open}><failure message="${escaped(first)}">${escaped(lines.join('\n'))}</failure></testcase>`;
  }
}

function explanation(result: Result): string[] {
  switch (result.outcome) {
    case 'ok':
      return [];
    case 'skip':
      return [result.reason];
    case 'fail':
      return [`expected  ${result.expected}`, `came      ${result.came}`, `request   ${result.request}`];
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** What is no `Char` of XML 1.0 (section 2.2): most control characters, halves of surrogate pairs, two more. */
const NO_CHARACTER = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** Text for XML 1.0, with U+FFFD for what it has no place for. */
const escaped = (text: string): string =>
  text.replaceAll(NO_CHARACTER, '\ufffd').replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
