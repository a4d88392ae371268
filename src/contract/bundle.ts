import { readFile } from 'node:fs/promises';
import { packageFile } from '../base/package-file.ts';
import type { Document } from './document.ts';

let document: Promise<Document> | undefined;

/** The bundled document, `generated/openapi.json`: what everything at run time goes by. It is one object for a process. */
export function readDocument(): Promise<Document> {
  document ??= readFile(packageFile('generated/openapi.json'), 'utf8').then((text) => JSON.parse(text) as Document);
  return document;
}
