import { createHash } from 'node:crypto';
import type { Content, HttpAnswer } from './types.ts';

/**
 * Returns the body of an answer as text, or null if it is not text. The media type decides; without one, valid UTF-8 is
 * text.
 */
export function textOfAnswer({ headers, bytes }: Pick<HttpAnswer, 'headers' | 'bytes'>): string | null {
  const { mediaType, charset } = typeOf(headers);
  if (mediaType === undefined) {
    return decode(bytes, 'utf-8', true);
  }
  return charset !== undefined || TEXT.test(mediaType) ? decode(bytes, charset ?? 'utf-8', false) : null;
}

const TEXT =
  /^text\/|[/+](json|xml|x?html|yaml|x-yaml|json-seq|jsonl|(x-)?ndjson|(x-)?javascript|graphql|x-www-form-urlencoded)$/;

function decode(bytes: Buffer, charset: string, fatal: boolean): string | null {
  try {
    return new TextDecoder(charset, { fatal }).decode(bytes);
  } catch {
    return fatal ? null : new TextDecoder().decode(bytes);
  }
}

/**
 * Returns bytes as MCP content, an image, or else an embedded resource with a name made from its bytes (RFC 6920); and
 * their media type.
 */
export function binaryContent({ headers, bytes }: Pick<HttpAnswer, 'headers' | 'bytes'>): {
  readonly content: Content;
  readonly mimeType: string;
} {
  const { mediaType: mimeType = 'application/octet-stream' } = typeOf(headers);
  const data = bytes.toString('base64');
  if (mimeType.startsWith('image/')) {
    return { content: { type: 'image', data, mimeType }, mimeType };
  }
  const uri = `ni:///sha-256;${createHash('sha256').update(bytes).digest('base64url')}`;
  return { content: { type: 'resource', resource: { uri, mimeType, blob: data } }, mimeType };
}

function typeOf(headers: HttpAnswer['headers']): { readonly [part in 'mediaType' | 'charset']: string | undefined } {
  const [mediaType = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((text) => /^\s*charset\s*=\s*"?([^"\s]+)/.exec(text)?.[1]).find((found) => found);
  return { mediaType: mediaType.trim() || undefined, charset };
}
