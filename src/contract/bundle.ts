import { readFile } from 'node:fs/promises';
import type { Document } from './document.ts';

/** Reads the bundled document, `generated/openapi.json`: what everything at run time goes by. */
export async function readDocument(): Promise<Document> {
  const path = new URL('../../generated/openapi.json', import.meta.url);
  return JSON.parse(await readFile(path, 'utf8')) as Document;
}
