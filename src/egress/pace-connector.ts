import type { Socket } from 'node:net';
import type { buildConnector as Build } from 'undici';
import { isTurnOver, nextRank, nextTurn } from '../base/event-loop-turns.ts';
import { kParser } from '../base/fast/undici.ts';

/** Bytes that wait to be parsed beyond which a read is no small answer, and takes its turn. */
const LARGE_READ_BYTES = 16 * 1024;

/**
 * Makes connections whose servers cannot block the event loop with data that the parser reads without events: an
 * endless head, chunk extensions, trailers. Large reads take turns with those of this owner and of others.
 */
export const paceConnector =
  (connector: Build.connector, owner: string): Build.connector =>
  (options, callback) =>
    connector(options, (...[error, socket]) => {
      if (error === null) {
        pace(socket, owner);
        callback(null, socket);
      } else {
        callback(error, null);
      }
    });

/** As far as it is looked into here. */
type Parser = { trackHeader: (bytes: number) => void };

function pace(socket: Socket & { readonly [kParser]?: Parser }, owner: string): void {
  const { read } = socket;
  const rank = nextRank();
  let parser: Parser | undefined;
  let turn: 'none' | 'awaited' | 'come' = 'none';
  // undici reads when it is told to, and does nothing where there is nothing to read.
  socket.read = (size) => {
    if (turn === 'awaited') {
      return null;
    }
    if (turn === 'none' && socket.readableLength > LARGE_READ_BYTES && isTurnOver()) {
      turn = 'awaited';
      void nextTurn(owner, rank).then(() => {
        turn = 'come';
        socket.emit('readable');
      });
      return null;
    }
    turn = 'none';
    if (parser === undefined && socket[kParser] !== undefined) {
      parser = socket[kParser];
      failOnce(socket, parser);
    }
    return read.call(socket, size);
  };
}

/** undici makes an error, with its stack, of each line of a head beyond its limit, although the first ends it all. */
function failOnce(socket: Socket, parser: Parser): void {
  const { trackHeader } = parser;
  parser.trackHeader = (bytes) => {
    if (!socket.destroyed) {
      trackHeader.call(parser, bytes);
    }
  };
}
