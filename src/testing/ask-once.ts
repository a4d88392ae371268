import type { RequestListener } from 'node:http';
import supertest from 'supertest';
import { readJson } from '../base/read-json.ts';

/** A method of HTTP, as supertest names it. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options' | 'head';

/** The headers and the body of a request. */
export type Question = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string or bytes are sent as they are. The media type is JSON unless `headers` says otherwise. */
  readonly body?: unknown;
};

/** One whole answer. */
export type TestAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The value of a JSON answer, the text of any other. */
  readonly body: unknown;
};

/**
 * Asks one question and reads one whole answer, of any status; redirects are not followed. `path` starts with `/` and is
 * encoded already; it is empty where the target is a whole URL. An app needs no port. Rejects when no answer comes.
 */
export async function askOnce(
  target: string | RequestListener,
  method: Method,
  path: string,
  { headers = {}, body }: Question = {},
): Promise<TestAnswer> {
  const asking = supertest(target)
    [method](path)
    .redirects(0)
    .ok(() => true)
    .buffer(true)
    .parse((response, done) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => done(null, Buffer.concat(chunks)));
    })
    .set({ ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers });
  const response = await (body === undefined ? asking : asking.serialize((bytes) => bytes).send(asSent(body)));
  const text = Buffer.isBuffer(response.body) ? response.body.toString() : '';
  const answered = new Headers(response.headers);
  const isJson = method !== 'head' && answered.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, headers: answered, text, body: isJson ? readJson(text) : text };
}

const asSent = (body: unknown): string | Buffer =>
  body instanceof Uint8Array ? Buffer.from(body) : typeof body === 'string' ? body : JSON.stringify(body);
