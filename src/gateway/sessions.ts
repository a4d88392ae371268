import { createHash } from 'node:crypto';
import { createFairSet } from '../base/fair-set.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Sealer } from '../store/secrets.ts';
import { RpcError } from './message.ts';

/** The maximum size of a session id of a server, in bytes. */
const MAX_SESSION_ID_BYTES = 4096;

/** The place of a session. Its id opens nowhere else, and not after a change of the server. */
export type SessionPlace = {
  readonly organizationId: string;
  readonly endpointId: string;
  readonly server: string;
  /** The scope of the endpoint, if it has one. */
  readonly scope?: string;
};

const contextOf = ({ endpointId, server, scope }: SessionPlace): string =>
  `mcp_session:${endpointId}:${server}${scope === undefined ? '' : `:${scope}`}`;

/** A session of a client at a server. */
export type ServerSession = {
  readonly id: string;
  /** The version that the server speaks in it, if the client was told another. */
  readonly version?: string | undefined;
  /** Whether the client can ask its person to open a URL (`elicitation.url`). */
  readonly opensUrls?: boolean | undefined;
};

/** Between the parts. No id contains it, for ids are values of headers. */
const SEPARATOR = '\n';
/** The last part of a session whose client opens URLs. */
const OPENS_URLS = 'opens URLs';

/** Seals a session of a server for a client: only this gateway can make or read it. */
export function sealSession(secrets: Sealer, place: SessionPlace, { id, version, opensUrls }: ServerSession): string {
  if (Buffer.byteLength(id) > MAX_SESSION_ID_BYTES) {
    throw new RpcError(
      RPC_ERROR_CODES.serverFailed,
      `The server's session id is longer than ${MAX_SESSION_ID_BYTES} bytes.`,
      {
        status: 502,
      },
    );
  }
  const parts = [
    id,
    ...(version !== undefined || opensUrls ? [version ?? ''] : []),
    ...(opensUrls ? [OPENS_URLS] : []),
  ];
  return secrets.seal(parts.join(SEPARATOR), contextOf(place));
}

/**
 * The sessions that their clients have ended here, by place and id: the server is not asked about them again. Each
 * organization has its share, so that many ends of one displace only its own.
 */
const ended = createFairSet(100_000);

/** The same length for every id. */
const nameOf = (place: SessionPlace, id: string): string =>
  createHash('sha256').update(contextOf(place)).update('\0').update(id).digest('base64url');

/** Notes that a client has ended a session; `id` is that of the server. */
export const closeSession = (place: SessionPlace, id: string): void => {
  ended.add(place.organizationId, nameOf(place, id));
};

/** The error with the status 404, upon which clients begin a new session. */
export const noSuchSession = (): RpcError =>
  new RpcError(RPC_ERROR_CODES.invalidRequest, 'This endpoint has no such session: initialize a new one.', {
    status: 404,
  });

/** Opens a sealed session. Throws an RpcError with the status 404, after which clients begin a new session. */
export function openSession(secrets: Sealer, place: SessionPlace, sealed: string): ServerSession {
  const [id, version, last] = opened(secrets, place, sealed)?.split(SEPARATOR) ?? [];
  const { organizationId } = place;
  if (id === undefined || (ended.hasAny(organizationId) && ended.has(organizationId, nameOf(place, id)))) {
    throw noSuchSession();
  }
  return { id, version: version || undefined, opensUrls: last === OPENS_URLS };
}

/** Returns null for an id from another endpoint, server or gateway. */
function opened(secrets: Sealer, place: SessionPlace, sealed: string): string | null {
  try {
    return secrets.open(sealed, contextOf(place));
  } catch {
    return null;
  }
}
