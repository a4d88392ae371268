import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { HeldMemory } from '../base/held-memory.ts';
import type { JsonPieces } from '../base/json-pieces.ts';
import { createStreamTurns } from '../base/stream-turns.ts';
import { writeWithBackpressure } from '../base/write-with-backpressure.ts';

/** Stands for the list in the text of what is around it. No text of an outsider holds it: each process makes its own. */
const MARK = `list-${randomUUID()}`;

/** A list in an answer that is written in pieces, unlike an array. `held` holds its memory. */
export class LargeList {
  readonly json: JsonPieces;
  readonly held: HeldMemory;

  constructor(json: JsonPieces, held: HeldMemory) {
    this.json = json;
    this.held = held;
  }

  toJSON(): string {
    return MARK;
  }
}

/** Returns the large list among the members of an answer's body; undefined if there is none. */
export function largeListIn(body: unknown): LargeList | undefined {
  for (const member of Object.values(body as object)) {
    if (member instanceof LargeList) {
      return member;
    }
  }
  return undefined;
}

/** Sends a body with a large list: each piece after the client has read the previous one, which is then released. */
export async function sendLarge(response: ServerResponse, body: unknown, { json, held }: LargeList): Promise<void> {
  const [head = '', tail = ''] = JSON.stringify(body).split(`"${MARK}"`);
  const { pieces, bytes } = json;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(head) + bytes + Buffer.byteLength(tail));
  if (response.req.method === 'HEAD' || response.closed) {
    response.end();
    return;
  }
  response.write(head);
  const turn = createStreamTurns();
  for (let piece = pieces.shift(); piece !== undefined && !response.closed; piece = pieces.shift()) {
    await writeWithBackpressure(response, piece);
    held.resize(Math.max(0, held.bytes - piece.length));
    await turn(piece.length);
  }
  response.end(tail);
}
