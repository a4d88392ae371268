import { LRUCache } from 'lru-cache';
import type { Sealer } from '../store/secrets.ts';
import { CODES, RpcError } from './message.ts';

/** Bytes that the id of a session may have at the server. */
const LONGEST = 4096;

/** Whose session it is: it opens for nobody else, and not after the server has become another. */
export type SessionPlace = { readonly endpointId: string; readonly server: string };

const contextOf = ({ endpointId, server }: SessionPlace): string => `mcp_session:${endpointId}:${server}`;

/** The id of a server's session as a client gets it: nobody but this gateway can make or read one. */
export function sealSession(secrets: Sealer, place: SessionPlace, id: string): string {
  if (Buffer.byteLength(id) > LONGEST) {
    throw new RpcError(CODES.serverFailed, `The server's session id is longer than ${LONGEST} bytes.`, { status: 502 });
  }
  return secrets.seal(id, contextOf(place));
}

/** Sessions that their clients have ended here: the server is not asked about them again. */
const ended = new LRUCache<string, true>({ max: 10_000 });

/** Notes that a client has ended its session. */
export const closeSession = (sealed: string): void => {
  ended.set(sealed, true);
};

/** The server's id of a session. Throws an RpcError with the status 404, upon which clients begin a new session. */
export function openSession(secrets: Sealer, place: SessionPlace, sealed: string): string {
  try {
    if (!ended.has(sealed)) {
      return secrets.open(sealed, contextOf(place));
    }
  } catch {
    // It was made for another endpoint, another server or by nobody.
  }
  throw new RpcError(CODES.invalidRequest, 'This endpoint has no such session: initialize a new one.', {
    status: 404,
  });
}
