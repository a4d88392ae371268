import { readFile } from 'node:fs/promises';
import { packageFile } from '../package-file.ts';
import type { Document } from './document.ts';

/** Reads the bundled document, `generated/openapi.json`: what everything at run time goes by. */
export async function readDocument(): Promise<Document> {
  return JSON.parse(await readFile(packageFile('generated/openapi.json'), 'utf8')) as Document;
}
