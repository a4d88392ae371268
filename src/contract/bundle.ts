import { readFile } from 'node:fs/promises';
import { packageFile } from '../base/package-file.ts';
import type { Document } from './document.ts';

let document: Promise<Document> | undefined;

/** Reads the bundled document, `generated/openapi.json`, which all code uses at run time. A process has one object. */
export function readDocument(): Promise<Document> {
  document ??= readFile(packageFile('generated/openapi.json'), 'utf8').then((text) => JSON.parse(text) as Document);
  return document;
}
