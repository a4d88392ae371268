import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE } from './support/hostile.ts';
import { LEGITIMATE } from './support/large.ts';
import type { LastLine, Line } from './support/register-child.ts';

const CHILD = fileURLToPath(new URL('./support/register-child.ts', import.meta.url));
const fileName = (index: number): string => String(index).padStart(3, '0');

const lines: Line[] = [];
let megabytes = 0;

// In a process of its own: a thread that exhausts its memory must not take the process with it, and only there can the
// memory of all this be told from that of the tests.
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-documents-'));
  try {
    for (const [index, { text }] of [...LEGITIMATE, ...HOSTILE].entries()) {
      writeFileSync(join(folder, fileName(index)), text());
    }
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, folder]);
    const printed = stdout.trimEnd().split('\n');
    megabytes = (JSON.parse(printed.pop() ?? '') as LastLine).megabytes;
    lines.push(...printed.map((line) => JSON.parse(line) as Line));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('a large document is imported while other work runs', () => {
  it.each(LEGITIMATE.map((document, index) => ({ ...document, index })))('$name', ({ tools, index }) => {
    const line = lines[index];
    expect(line).toMatchObject({ outcome: '', tools });
    // Ten times the bars of 5 s and 50 ms.
    expect(line?.milliseconds).toBeLessThan(50_000);
    expect(line?.stall).toBeLessThan(500);
  });
});

describe('a document that is too expensive gives an error or a reason', () => {
  it.each(HOSTILE.map((document, index) => ({ ...document, index: LEGITIMATE.length + index })))(
    '$name',
    ({ index, outcome, tools = 0 }) => {
      const line = lines[index];
      expect(line?.tools).toBe(tools);
      expect(line?.outcome).toMatch(outcome);
      expect(line?.milliseconds).toBeLessThan(50_000);
    },
  );
});

it('a thread without memory refuses the document, and the process continues', () => {
  expect(lines.at(-1)).toMatchObject({ name: 'in 30 MB', outcome: 'The document takes too much memory.' });
});

it('all documents take less than 500 MB', () => {
  expect(megabytes).toBeGreaterThan(0);
  expect(megabytes).toBeLessThan(500);
});
