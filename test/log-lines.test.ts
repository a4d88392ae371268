import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = join(import.meta.dirname, '../src/log-lines.ts');

/** What a program prints that has the log as `log`. */
const printed = (program: string): string[] => {
  const whole = `import { logLines } from ${JSON.stringify(MODULE)}; const log = logLines(); ${program}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', whole], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').slice(0, -1);
};

const NUMBERED = 'for (let line = 0; line < 3000; line++) { log.write(line + "\\n"); }';
const LINES = Array.from({ length: 3000 }, (_, line) => String(line));

test('lines come whole and in order', () => {
  expect(printed(NUMBERED)).toEqual(LINES);
});

test('what waits is written when the program ends, however it ends', () => {
  // A write that is under way then may come after it.
  const lines = printed(`${NUMBERED} process.exit(0);`);
  expect(lines.toSorted((a, b) => Number(a) - Number(b))).toEqual(LINES);
});

test('a line that nothing follows is written soon', () => {
  const pause = 'await new Promise((resolve) => setTimeout(resolve, 1000));';
  expect(printed(`log.write("one\\n"); ${pause} process.kill(process.pid, 'SIGKILL');`)).toEqual(['one']);
});
