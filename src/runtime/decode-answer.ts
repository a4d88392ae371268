import { Readable } from 'node:stream';
import { OverBudget } from '../base/memory-budget.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { type Codings, MAX_UNPACKED_RATIO, readCodings, type UnpackFailed, unpackStream } from '../base/unpack.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import { protocolViolation } from './messages.ts';

const REASONS: Readonly<Record<UnpackFailed['kind'], string>> = {
  coding: 'its answer has a content coding that is unknown, and that nobody asked for',
  broken: 'its answer does not match its Content-Encoding',
  dense: `its answer unpacks to more than ${MAX_UNPACKED_RATIO} times its size`,
  large: 'its answer is too large',
};

/**
 * Removes the content codings of an answer (RFC 9110, section 8.4). The gateway asks for none, but a proxy in front of a
 * server may add one all the same. Holds the memory of the decoders until the body ends. Owns the answer. Throws
 * ServerFailed, also from the body, and OverBudget.
 */
export async function decodeAnswer(server: string, answer: HttpAnswer, memory: () => MemoryScope): Promise<HttpAnswer> {
  const codings = codingsOf(server, answer);
  if (codings === null) {
    return answer;
  }
  const { status, headers, body: packed } = answer;
  const stream = Buffer.isBuffer(packed) ? Readable.from([packed]) : packed;
  const scope = memory();
  try {
    await scope.room('answers', codings.windowBytes, () => stream.destroy(new OverBudget('share')));
  } catch (error) {
    scope.release();
    discard(answer);
    throw error;
  }
  const explain = ({ kind }: UnpackFailed): Error => protocolViolation(server, REASONS[kind]);
  const body = unpackStream(stream, codings, explain).once('close', () => scope.release());
  // The failure of a body belongs to its reader, as in the answer itself.
  body.on('error', () => undefined);
  const { 'content-encoding': _coding, 'content-length': _length, ...rest } = headers;
  return { status, headers: rest, body };
}

function codingsOf(server: string, answer: HttpAnswer): Codings | null {
  try {
    return readCodings(answer.headers['content-encoding']);
  } catch {
    discard(answer);
    throw protocolViolation(server, REASONS.coding);
  }
}
