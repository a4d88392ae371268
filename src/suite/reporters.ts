import { styleText } from 'node:util';
import type { Coverage } from './coverage.ts';
import type { Result } from './result.ts';

/** Reports a run. */
export type Reporter = {
  /** Called after each check. */
  readonly result: (result: Result) => void;
  /** Called at the end. `stopped` says why the run ended before its checks; null if it did not. */
  readonly end: (coverage: Coverage | null, stopped: string | null) => void;
};

/** More answers that were not seen than this are counted, not named: the run was of a part. */
const MAX_NAMED_ANSWERS = 20;

type Write = (text: string) => void;
type Failure = Extract<Result, { outcome: 'fail' }>;
type Skip = Extract<Result, { outcome: 'skip' }>;

const failuresOf = (results: readonly Result[]) =>
  results.filter((result): result is Failure => result.outcome === 'fail');
const skipsOf = (results: readonly Result[]) => results.filter((result): result is Skip => result.outcome === 'skip');

const counts = (results: readonly Result[]) => ({
  total: results.length,
  ok: results.filter(({ outcome }) => outcome === 'ok').length,
  failed: failuresOf(results).length,
  skipped: skipsOf(results).length,
  seconds: Math.round(1000 * results.reduce((sum, { seconds }) => sum + seconds, 0)) / 1000,
});

/** A line for each check as it ends; then why checks were skipped, the coverage, and the failures by their kind, last. */
export function prettyReporter(write: Write, hasColors: boolean): Reporter {
  const results: Result[] = [];
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    hasColors ? styleText(style, text, { validateStream: false }) : text;
  const labels = { ok: paint('green', 'ok  '), fail: paint('red', 'FAIL'), skip: paint('yellow', 'skip') };
  return {
    result: (result) => {
      results.push(result);
      write(`${labels[result.outcome]}  ${result.api.padEnd(8)}  ${result.name}\n`);
    },
    end: (coverage, stopped) => {
      for (const [reason, skipped] of Map.groupBy(skipsOf(results), (result) => result.reason)) {
        write(`\n${paint('yellow', `Skipped, ${skipped.length}`)}: ${reason}\n`);
      }
      if (coverage !== null) {
        const { seen, documented, missing } = coverage;
        const others =
          missing.length > 0 && missing.length <= MAX_NAMED_ANSWERS ? `; not seen: ${missing.join(', ')}` : '';
        write(`\nAnswers that the document names: ${seen} of ${documented} seen${others}\n`);
      }
      for (const [kind, failures] of Map.groupBy(failuresOf(results), (failure) => failure.kind)) {
        write(`\n${paint(['red', 'bold'], `Failed with ${kind}, ${failures.length}`)}\n`);
        for (const failure of failures) {
          write(`\n  ${failure.api}  ${paint('bold', failure.name)}\n`);
          for (const line of explanation(failure)) {
            write(`      ${line}\n`);
          }
        }
      }
      const { total, ok, failed, skipped } = counts(results);
      const summary = `${total} checks: ${ok} ok, ${failed} failed, ${skipped} skipped`;
      write(stopped === null ? `\n${paint(failed > 0 ? 'red' : 'green', summary)}\n` : '');
    },
  };
}

/** JUnit XML, written at the end. A run that was stopped has one case with an error. */
export function junitReporter(write: Write): Reporter {
  const results: Result[] = [];
  return {
    result: (result) => void results.push(result),
    end: (_, stopped) => {
      const { total, failed, skipped, seconds } = counts(results);
      const errors = stopped === null ? 0 : 1;
      const numbers = `tests="${total + errors}" failures="${failed}" errors="${errors}" skipped="${skipped}" time="${seconds}"`;
      write('<?xml version="1.0" encoding="UTF-8"?>\n');
      write(`<testsuites ${numbers}>\n<testsuite name="contract" ${numbers}>\n`);
      for (const result of results) {
        write(`${testCase(result)}\n`);
      }
      if (stopped !== null) {
        const error = `<error message="${escaped(stopped)}"/>`;
        write(`<testcase classname="contract.all" name="the server can be checked" time="0">${error}</testcase>\n`);
      }
      write('</testsuite>\n</testsuites>\n');
    },
  };
}

/** One JSON object, written at the end: `summary`, `coverage` (null for a stopped run), `stopped`, `results`. */
export function jsonReporter(write: Write): Reporter {
  const results: Result[] = [];
  return {
    result: (result) => void results.push(result),
    end: (coverage, stopped) =>
      write(`${JSON.stringify({ summary: counts(results), coverage, stopped, results }, null, 2)}\n`),
  };
}

/** The reporters by name. */
export const REPORTERS = { pretty: prettyReporter, junit: junitReporter, json: jsonReporter } as const;

function testCase(result: Result): string {
  const { api, name, seconds, outcome } = result;
  const open = `<testcase classname="contract.${api}" name="${escaped(name)}" time="${seconds}"`;
  switch (outcome) {
    case 'ok':
      return `${open}/>`;
    case 'skip':
      return `${open}><skipped message="${escaped(result.reason)}"/></testcase>`;
    case 'fail': {
      const lines = explanation(result);
      const failure = `<failure type="${escaped(result.kind)}" message="${escaped(lines[0] ?? '')}">`;
      return `${open}>${failure}${escaped(lines.join('\n'))}</failure></testcase>`;
    }
  }
}

const explanation = ({ expected, came, request }: Failure): string[] => [
  `expected  ${expected}`,
  `came      ${came}`,
  `request   ${request}`,
];

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** What is no `Char` of XML 1.0 (section 2.2): most control characters, halves of surrogate pairs, two more. */
const NO_CHARACTER = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** Text for XML 1.0, with U+FFFD for what it has no place for. */
const escaped = (text: string): string =>
  text.replaceAll(NO_CHARACTER, '\ufffd').replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
