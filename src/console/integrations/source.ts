import { parseExactly } from '../ui/exact-json.ts';

/** Where an OpenAPI document comes from. */
export type SourceKind = 'file' | 'text' | 'url';

/** The fields of a form that choose a document. */
export type SourceValues = {
  readonly kind: SourceKind;
  readonly file: File | null;
  readonly text: string;
  readonly url: string;
};

/** No document yet. */
export const NO_SOURCE: SourceValues = { kind: 'file', file: null, text: '', url: '' };

/** Bytes of the largest request with a document, as the document of this API says. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** The document as a request has it. */
export type Source = { readonly document: string } | { readonly document_url: string };

/** Returns the mistake in the choice of a document, with the field where it is; null if there is none. */
export function sourceMistake({
  kind,
  file,
  text,
  url,
}: SourceValues): readonly [field: SourceKind, message: string] | null {
  if (kind === 'url') {
    return URL.canParse(url.trim()) ? null : ['url', 'Write the whole URL, such as https://example.com/openapi.json.'];
  }
  const bytes = kind === 'file' ? (file?.size ?? 0) : new Blob([text]).size;
  if (bytes === 0) {
    return kind === 'file' ? ['file', 'Choose a file that is not empty.'] : ['text', 'Paste the document.'];
  }
  return bytes > MAX_DOCUMENT_BYTES ? [kind, `It has ${mebibytes(bytes)}; at most 16 MiB are read.`] : null;
}

/** Reads the chosen document in the browser; a URL is read by the server. */
export async function readSource({ kind, file, text, url }: SourceValues): Promise<Source> {
  return kind === 'url'
    ? { document_url: url.trim() }
    : { document: kind === 'file' ? ((await file?.text()) ?? '') : text };
}

/** The document in a few words, such as `petstore.json (1.2 MiB)`. */
export function sourceName({ kind, file, text, url }: SourceValues): string {
  return kind === 'url'
    ? url.trim()
    : kind === 'file'
      ? `${file?.name ?? ''} (${mebibytes(file?.size ?? 0)})`
      : `the pasted text (${mebibytes(text.length)})`;
}

/** A number of bytes as people read it. */
export function mebibytes(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}

/**
 * Writes the body of a request. JSON stands in it as it is: as a string, its quotes and lines would take more of the 16 MiB, and
 * its numbers keep all digits. Everything else is YAML, or a mistake that the server finds: a string.
 */
export function serializeBody(body: object): string {
  const { document, ...rest } = body as { readonly document?: unknown };
  if (typeof document !== 'string' || !isJsonObject(document)) {
    return JSON.stringify(body);
  }
  const others = JSON.stringify(rest).slice(1, -1);
  return `{${others}${others === '' ? '' : ','}"document":${document}}`;
}

function isJsonObject(text: string): boolean {
  if (!/^\s*\{/.test(text)) {
    return false;
  }
  try {
    parseExactly(text);
    return true;
  } catch {
    return false;
  }
}
