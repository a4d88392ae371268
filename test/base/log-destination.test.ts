import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import pino from 'pino';
import { expect, test } from 'vitest';
import { escapeControls } from '../../src/base/log-destination.ts';
import type { Json } from '../support/json.ts';

const MODULE = join(import.meta.dirname, '../../src/base/log-destination.ts');

/** What a program prints that has the log as `log`. */
const printed = (program: string): string[] => {
  const whole = `import { createLogDestination } from ${JSON.stringify(MODULE)}; const log = createLogDestination(); ${program}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', whole], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').slice(0, -1);
};

const NUMBERED = 'for (let line = 0; line < 3000; line++) { log.write(line + "\\n"); }';
const LINES = Array.from({ length: 3000 }, (_, line) => String(line));

test('lines arrive complete and in order', () => {
  expect(printed(NUMBERED)).toEqual(LINES);
});

test('waiting lines are written at the end of the program, however it ends', () => {
  // A write that is under way then may come after it.
  const lines = printed(`${NUMBERED} process.exit(0);`);
  expect(lines.toSorted((a, b) => Number(a) - Number(b))).toEqual(LINES);
});

test('a single line is written soon', () => {
  const pause = 'await new Promise((resolve) => setTimeout(resolve, 1000));';
  expect(printed(`log.write("one\\n"); ${pause} process.kill(process.pid, 'SIGKILL');`)).toEqual(['one']);
});

test('control characters from outside are escaped', () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line) => lines.push(escapeControls(line)) });
  const control = (text: string) =>
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text.replaceAll(/[\n\t]/g, ''));
  for (let code = 0; code < 0x3000; code++) {
    const name = `a${String.fromCharCode(code)}b`;
    log.warn({ name, err: new Error(name) }, name);
    const { msg, name: shown, err } = JSON.parse(lines.pop() as string) as Json;
    expect([msg, shown, err.message, err.stack].some(control)).toBe(false);
    expect(msg).toBe(control(name) ? `a\\u${code.toString(16).padStart(4, '0')}b`.replace(...SHORT(code)) : name);
  }
  log.info('C:\\u001b "quoted" \\');
  expect(JSON.parse(lines.pop() as string).msg).toBe('C:\\u001b "quoted" \\');
});

/** JSON has short forms of three controls. */
const SHORT = (code: number): [RegExp, string] => [/\\u00(08|0c|0d)/, code === 8 ? '\\b' : code === 12 ? '\\f' : '\\r'];
