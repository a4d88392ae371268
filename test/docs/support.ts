import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readDocument } from '../../src/contract/bundle.ts';
import { docsGroups } from '../../src/docs/document.ts';
import { type Run, run } from '../cli/support.ts';

export const document = await readDocument();
export const operations = docsGroups(document).flatMap((group) => group.operations);

/** A new folder; who makes it removes it. */
export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'gatehouse-docs-test-'));
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** A new folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await newFolder();
  onTestFinished(() => removeFolder(folder));
  return folder;
}

/** `npm run docs -- ...args`, in this process: to load the builder takes longer than to build. */
export const buildDocs = (...args: readonly string[]): Promise<Run> => run(['docs', ...args]);
