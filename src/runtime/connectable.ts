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
  /** Grows with every change of it. */
  readonly version: number;
  /** For messages to people. */
  readonly name: string;
  readonly target: Target;
  /** Whose it is; null for one of the operator's, which several organizations may use. */
  readonly organizationId: string | null;
  /** How the audit log names it. */
  readonly auditTarget: Change['target'];
  /** Whether what it lists still belongs to what is stored under its id. */
  readonly isStored: (db: Db) => Promise<boolean>;
};

/** Milliseconds without a word after which a request is given up, where nobody says otherwise. */
export const DEFAULT_IDLE_TIMEOUT_MS = 60_000;

/** The transports as the Servers API names them. */
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

/** A team's server, as it is connected to. */
export const toConnectable = (server: servers.Server): Connectable => ({
  id: server.id,
  version: server.version,
  name: server.name,
  target: remoteTarget(TRANSPORTS_BY_WORD[server.transport], server.name, server.url, server.requestHeaders),
  organizationId: server.organizationId,
  auditTarget: teamServer(server.id),
  isStored: async (db) => {
    const present = await servers.find(db, server.organizationId, server.id);
    return present !== null && isReachedAlike(present, server);
  },
});

/**
 * A remote server at a URL, with the defaults. Of the configured headers, those of the connection and those that are made
 * of each message are left out: rows that were stored before such headers were refused have them.
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
    // Of ws and wss, the URL standard knows no origin.
    origin: origin === 'null' ? `${protocol}//${host}` : origin,
    path: pathname + search,
    headers: sent,
    secrets: [...secretsIn(sent), ...secretsOfUrl(parsed)],
    isShared: false,
    silence: DEFAULT_IDLE_TIMEOUT_MS,
    streamSilence: 0,
    endsSession: true,
  };
}

/** Whether it is the same who answers, reached in the same way. */
const isReachedAlike = (a: servers.Server, b: servers.Server): boolean =>
  a.url === b.url && a.transport === b.transport && isDeepStrictEqual(a.requestHeaders, b.requestHeaders);

/** A server as an organization uses it: its own as it is stored, one of the operator's as it runs. */
export type UsedServer = servers.Server | UsedSharedServer;

/** One of the operator's servers as an organization uses it. */
export type UsedSharedServer = {
  readonly isShared: true;
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly tags: readonly string[];
  readonly approvalPolicy: ApprovalPolicy;
};
