import { isDeepStrictEqual } from 'node:util';
import type { Change } from '../audit/changes.ts';
import { teamServer } from '../audit/wire.ts';
import { isConnectionHeader, isMessageHeader } from '../base/header-names.ts';
import type { ApprovalPolicy, Transport } from '../contract/closed-words.ts';
import * as servers from '../store/servers.ts';
import type { Db } from '../store/store.ts';
import type { RemoteTarget, Target } from './target.ts';
import { secretsIn, secretsOfUrl } from './target-secrets.ts';

/** A server that the runtime can connect to. */
export type Connectable = {
  readonly id: string;
  /** Grows with every change of the server. */
  readonly version: number;
  /** For messages to people. */
  readonly name: string;
  readonly target: Target;
  /** The organization that owns it; null for a server of the operator, which several organizations may use. */
  readonly organizationId: string | null;
  /** The target of its events in the audit log. */
  readonly auditTarget: Change['target'];
  /** Whether the stored server is still reached in the same way, so that its list may be stored. */
  readonly isStored: (db: Db) => Promise<boolean>;
};

const DEFAULT_TIMEOUT_SECONDS = 60;

/** Returns the idle timeout of a server, in milliseconds, for its configured seconds; null means the default. */
export const idleTimeoutMsOf = (timeoutSeconds: number | null): number =>
  Math.ceil((timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000);

/** The transport for each word of the Servers API. */
export const TRANSPORTS_BY_WORD: Readonly<Record<Transport, RemoteTarget['transport']>> = {
  STREAMABLE_HTTP: 'streamable_http',
  SSE: 'sse',
  WebSocket: 'websocket',
};

/** The schemes that each transport dials; `https` of a WebSocket is dialled as `wss`. */
export const SCHEMES_BY_TRANSPORT: Readonly<Record<RemoteTarget['transport'], readonly string[]>> = {
  streamable_http: ['http:', 'https:'],
  sse: ['http:', 'https:'],
  websocket: ['ws:', 'wss:', 'http:', 'https:'],
};

/** Makes the connectable of a server of an organization. */
export const toConnectable = (server: servers.Server): Connectable => ({
  id: server.id,
  version: server.version,
  name: server.name,
  target: {
    ...remoteTarget(TRANSPORTS_BY_WORD[server.transport], server.name, server.url, server.requestHeaders),
    idleTimeoutMs: idleTimeoutMsOf(server.timeoutSeconds),
  },
  organizationId: server.organizationId,
  auditTarget: teamServer(server.id),
  isStored: async (db) => {
    const present = await servers.find(db, server.organizationId, server.id);
    return present !== null && isReachedAlike(present, server);
  },
});

/**
 * Makes the target of a remote server with the default time limits. Leaves out configured headers that the connection
 * writes, or that the gateway makes of each message: rows from before such headers were refused contain them.
 */
export function remoteTarget(
  transport: RemoteTarget['transport'],
  name: string,
  url: string,
  headers: Readonly<Record<string, string>>,
): RemoteTarget {
  const parsed = new URL(url);
  const { origin, protocol, host, pathname, search } = parsed;
  const sent = Object.fromEntries(
    Object.entries(headers)
      .filter(([key]) => !isConnectionHeader(key) && !isMessageHeader(key))
      .map(([key, value]) => [key.toLowerCase(), value]),
  );
  return {
    transport,
    name,
    // The URL standard defines no origin for ws and wss.
    origin: origin === 'null' ? `${protocol}//${host}` : origin,
    path: pathname + search,
    headers: sent,
    secrets: [...secretsIn(sent), ...secretsOfUrl(parsed)],
    isShared: false,
    idleTimeoutMs: idleTimeoutMsOf(null),
    streamIdleTimeoutMs: 0,
    endsSession: true,
  };
}

/** Whether both rows lead to the same server in the same way. */
export const isReachedAlike = (a: servers.Server, b: servers.Server): boolean =>
  a.url === b.url && a.transport === b.transport && isDeepStrictEqual(a.requestHeaders, b.requestHeaders);

/** A server that an organization uses: its own row, or a server of the operator. */
export type UsedServer = servers.Server | UsedSharedServer;

/** A server of the operator that an organization uses. */
export type UsedSharedServer = {
  readonly isShared: true;
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly tags: readonly string[];
  readonly approvalPolicy: ApprovalPolicy;
  readonly requiredApprovals: number;
};
