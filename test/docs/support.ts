import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { readDocument } from '../../src/contract/bundle.ts';
import { docsGroups } from '../../src/docs/document.ts';

export const document = await readDocument();
export const operations = docsGroups(document).flatMap((group) => group.operations);

const PROJECT = new URL('../..', import.meta.url);

/** A new folder; who makes it removes it. */
export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'gatehouse-docs-test-'));
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** A new folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await newFolder();
  onTestFinished(() => removeFolder(folder));
  return folder;
}

export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** `npm run docs -- ...args`. */
export async function buildDocs(...args: readonly string[]): Promise<Outcome> {
  const command = ['-r', './bin/preload.cjs', 'src/cli/main.ts', 'docs', ...args];
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, command, { cwd: PROJECT })) };
  } catch (error) {
    return error as Outcome;
  }
}
