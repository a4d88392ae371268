import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../docs/decisions');
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const names = readdirSync(FOLDER).filter((name) => name !== 'README.md');
const index = read('README.md');

test('decisions are numbered without a gap', () => {
  expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, at) => at + 1));
});

test('every decision has a title, a date and a status, and the index says the same', () => {
  const statusOf = (text: string) =>
    /^\d{4}-\d\d-\d\d · (accepted|superseded(?: in part)?)(?: by \[\d{4}\]\((.+)\))?$/m.exec(text);
  for (const name of names) {
    const text = read(name);
    const [, title = ''] = /^# \d+\. (.+)$/m.exec(text) ?? [];
    const [, status, by] = statusOf(text) ?? [];
    expect(title, name).not.toBe('');
    expect(index).toMatch(new RegExp(`^\\| \\[${name.slice(0, 4)}\\]\\(${name}\\) \\| .* \\| ${status} \\|$`, 'm'));
    expect(status === 'accepted' ? by === undefined : names.includes(by ?? ''), `${name}: ${by}`).toBe(true);
  }
  expect(index.match(/^\| \[\d{4}\]/gm)).toHaveLength(names.length);
});
