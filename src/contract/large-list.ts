import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Held } from '../base/held.ts';
import type { JsonPieces } from '../base/json-pieces.ts';
import { createTurns } from '../base/turns.ts';
import { write } from '../base/write.ts';

/** Stands for the list in the text of what is around it. No text of an outsider holds it: each process makes its own. */
const MARK = `list-${randomUUID()}`;

/** A list in an answer, in place of an array that would have to be written at once. Its memory is held in `held`. */
export class LargeList {
  readonly json: JsonPieces;
  readonly held: Held;

  constructor(json: JsonPieces, held: Held) {
    this.json = json;
    this.held = held;
  }

  toJSON(): string {
    return MARK;
  }
}

/** The large list that the body of an answer has among its members; undefined where it has none. */
export function largeListIn(body: unknown): LargeList | undefined {
  for (const member of Object.values(body as object)) {
    if (member instanceof LargeList) {
      return member;
    }
  }
  return undefined;
}

/** Answers with a body around a large list: each piece when the client has taken the one before, which is then let go of. */
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
  const turn = createTurns();
  for (let piece = pieces.shift(); piece !== undefined && !response.closed; piece = pieces.shift()) {
    await write(response, piece);
    held.resize(Math.max(0, held.bytes - piece.length));
    await turn(piece.length);
  }
  response.end(tail);
}
