import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { createStreamTurns } from '../base/stream-turns.ts';
import { writeWithBackpressure } from '../base/write-with-backpressure.ts';

/** Bytes of a document that wait for one client at a time. */
const PIECE_BYTES = 64 * 1024;

type Coding = 'br' | 'gzip' | 'identity';

/** A document that everybody may read, in memory once, however many read it. */
export type Published = {
  readonly type: string;
  /** Headers of its own. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names this content: the entity tag without its quotes, and without what tells codings apart. */
  readonly tag: string;
  /** Its bytes in a coding; compressed when the first client asks for that. */
  readonly bytes: (coding: Coding) => Promise<Buffer>;
};

/** What a page can say of itself in `<meta>` is all but who may frame it. */
export const PAGE_HEADERS = { 'Content-Security-Policy': "frame-ancestors 'none'", 'X-Frame-Options': 'DENY' };

/** Makes a text known under a media type. */
export function publish(type: string, text: string, headers: Readonly<Record<string, string>> = {}): Published {
  const identity = Buffer.from(text);
  const made = new Map<Coding, Promise<Buffer>>([['identity', Promise.resolve(identity)]]);
  return {
    type,
    headers,
    tag: createHash('sha256').update(identity).digest('base64url').slice(0, 27),
    bytes: (coding) => {
      const bytes = made.get(coding) ?? compress(identity, coding);
      made.set(coding, bytes);
      return bytes;
    },
  };
}

/** The most that brotli can do takes seconds for a page of megabytes, and saves hardly more. */
const BROTLI = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 6, [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT },
};

const compress = (bytes: Buffer, coding: Coding): Promise<Buffer> =>
  coding === 'br' ? promisify(brotliCompress)(bytes, BROTLI) : promisify(gzip)(bytes);

/** Answers with a document: 304 where the client has it (RFC 9110, section 13.1.2), else no faster than it reads. */
export async function sendPublished(request: Request, response: Response, published: Published): Promise<void> {
  const accepted = request.acceptsEncodings();
  const coding = (['br', 'gzip'] as const).find((known) => accepted.includes(known)) ?? 'identity';
  response.set({
    // Asked for again each time, and sent again when it has changed: it changes with the version of the server.
    'Cache-Control': 'no-cache',
    ...published.headers,
    ETag: `"${published.tag}${coding === 'identity' ? '' : `-${coding}`}"`,
    Vary: 'Accept-Encoding',
  });
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  const bytes = await published.bytes(coding);
  response.set({
    'Content-Type': published.type,
    'Content-Length': String(bytes.length),
    ...(coding !== 'identity' && { 'Content-Encoding': coding }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const turn = createStreamTurns();
  for (let at = 0; at < bytes.length && !response.destroyed; at += PIECE_BYTES) {
    await writeWithBackpressure(response, bytes.subarray(at, at + PIECE_BYTES));
    await turn(PIECE_BYTES);
  }
  response.end();
}
