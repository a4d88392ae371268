import { createHash } from 'node:crypto';
import { createFairSet } from '../base/fair-set.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Sealer } from '../store/secrets.ts';
import { RpcError } from './message.ts';

/** Bytes that the id of a session may have at the server. */
const MAX_SESSION_ID_BYTES = 4096;

/** Whose session it is: it opens for nobody else, and not after the server has become another. */
export type SessionPlace = {
  readonly organizationId: string;
  readonly endpointId: string;
  readonly server: string;
  /** That of the endpoint, where it has one. */
  readonly scope?: string;
};

const contextOf = ({ endpointId, server, scope }: SessionPlace): string =>
  `mcp_session:${endpointId}:${server}${scope === undefined ? '' : `:${scope}`}`;

/** The id of a server's session as a client gets it: nobody but this gateway can make or read one. */
export function sealSession(secrets: Sealer, place: SessionPlace, id: string): string {
  if (Buffer.byteLength(id) > MAX_SESSION_ID_BYTES) {
    throw new RpcError(
      RPC_ERROR_CODES.serverFailed,
      `The server's session id is longer than ${MAX_SESSION_ID_BYTES} bytes.`,
      {
        status: 502,
      },
    );
  }
  return secrets.seal(id, contextOf(place));
}

/**
 * Sessions that their clients have ended here, by what they were sealed from: the server is not asked about them again.
 * Organizations own them, so that those who end many make only their own be forgotten.
 */
const ended = createFairSet(100_000);

/** As short for the longest id as for any. */
const nameOf = (place: SessionPlace, id: string): string =>
  createHash('sha256').update(contextOf(place)).update('\0').update(id).digest('base64url');

/** Notes that a client has ended a session, whose id is the server's. */
export const closeSession = (place: SessionPlace, id: string): void => {
  ended.add(place.organizationId, nameOf(place, id));
};

/** The server's id of a session. Throws an RpcError with the status 404, upon which clients begin a new session. */
export function openSession(secrets: Sealer, place: SessionPlace, sealed: string): string {
  const id = opened(secrets, place, sealed);
  const { organizationId } = place;
  if (id === null || (ended.hasAny(organizationId) && ended.has(organizationId, nameOf(place, id)))) {
    throw new RpcError(RPC_ERROR_CODES.invalidRequest, 'This endpoint has no such session: initialize a new one.', {
      status: 404,
    });
  }
  return id;
}

/** Null for what was made for another endpoint or another server, or was not made here. */
function opened(secrets: Sealer, place: SessionPlace, sealed: string): string | null {
  try {
    return secrets.open(sealed, contextOf(place));
  } catch {
    return null;
  }
}
