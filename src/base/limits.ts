/** What one request may cost. Beyond these nothing is looked at: the first answer says so. */

/**
 * The maximum number of mistakes in one answer; the first hundred are enough to refuse a body with a million wrong
 * keys.
 */
export const MAX_MISTAKES = 100;
/** The maximum number of characters of a key to show, and to compare for suggestions. */
export const MAX_SHOWN_KEY_CHARS = 128;
/** The maximum number of characters of a key. */
export const MAX_KEY_CHARS = 1024;
/** The maximum number of values in a body, on all levels. */
export const MAX_BODY_VALUES = 20_000;
/** The maximum number of levels in a body; the validation is recursive. */
export const MAX_BODY_LEVELS = 64;

/**
 * The deadlines, in milliseconds, and limits of the whole gateway, in one object. Tests give shorter ones, so that no
 * test waits for a real time-out. Never read from the environment.
 */
export type Limits = {
  /** The head of a request must have arrived within this time. */
  readonly headerTimeoutMs: number;
  /** A request must have arrived within this time, its body included. */
  readonly requestTimeoutMs: number;
  /** While bytes of an answer wait, the client must read, within this time, 512 bytes for each second of it. */
  readonly answerTimeoutMs: number;
  /** An idle connection is kept open for this time. */
  readonly keepAliveMs: number;
  /** The interval of the check of all connections. */
  readonly connectionCheckMs: number;
  /** If the server does not read the body, the client gets this time to read the answer before the connection ends. */
  readonly lingerMs: number;
  /** Calls in flight get this time to finish when the server stops. */
  readonly stopGraceMs: number;
  /** The same after an uncaught error; also the maximum time for the whole stop then. */
  readonly faultGraceMs: number;
  readonly faultStopMs: number;
  /** Servers that one organization is connected to at the same time. */
  readonly maxConnectionsPerOrganization: number;
  /** A name server must answer within this time; it is asked twice. */
  readonly dnsTimeoutMs: number;
  /** The addresses of a name are cached for this time, failures for `dnsFailureCacheMs`. */
  readonly dnsCacheMs: number;
  readonly dnsFailureCacheMs: number;
  /** A call waits this long for a list of tools that is fresh enough for its decision. */
  readonly definitionPatienceMs: number;
  /** A request for memory beyond the budget waits this long while no memory is released. */
  readonly memoryPatienceMs: number;
  /** The tools of a server are listed at most once within this time, however often it reports changes. */
  readonly listIntervalMs: number;
  /** The status of an account is written at most once within this time. */
  readonly accountStatusIntervalMs: number;
  /** The state of a server, and failures of requests because of it, are logged at most once within this time. */
  readonly healthLogIntervalMs: number;
  /** The health of a server of an organization is stored at most once in this time. */
  readonly serverHealthIntervalMs: number;
  /** A server must introduce itself within this time; a local process may take as long as it may be silent. */
  readonly introductionTimeoutMs: number;
  /** A server must answer the question for its newest protocol version within this time; otherwise a handshake decides. */
  readonly probeTimeoutMs: number;
  /** A server must answer whether it still has a session within this time; otherwise the session is lost. */
  readonly sessionCheckTimeoutMs: number;
  /** PostgreSQL must answer a statement within this time; while it is silent, later statements fail at once. */
  readonly databaseWaitMs: number;
  /** The interval of the look for events that have to be delivered. */
  readonly webhookPollMs: number;
  /** A receiver of an event must answer within this time. */
  readonly webhookTimeoutMs: number;
  /** The times between the tries to deliver an event; there is one more try than times. */
  readonly webhookRetryDelaysMs: readonly number[];
  /** A webhook is disabled when nothing could be delivered for this time. */
  readonly webhookMaxFailingMs: number;
  /** After the last answer of PostgreSQL, endpoints are served from their last read state for this time. */
  readonly databaseTrustMs: number;
};

/** The limits of a real gateway. */
export const LIMITS: Limits = {
  headerTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  answerTimeoutMs: 30_000,
  keepAliveMs: 5_000,
  connectionCheckMs: 5_000,
  lingerMs: 1_000,
  stopGraceMs: 10_000,
  faultGraceMs: 1000,
  faultStopMs: 5000,
  maxConnectionsPerOrganization: 200,
  dnsTimeoutMs: 2000,
  dnsCacheMs: 30_000,
  dnsFailureCacheMs: 5000,
  definitionPatienceMs: 5000,
  memoryPatienceMs: 5000,
  listIntervalMs: 5000,
  accountStatusIntervalMs: 60_000,
  healthLogIntervalMs: 60_000,
  serverHealthIntervalMs: 5000,
  introductionTimeoutMs: 10_000,
  probeTimeoutMs: 3000,
  sessionCheckTimeoutMs: 2000,
  webhookPollMs: 1000,
  webhookTimeoutMs: 15_000,
  // Two hours in all.
  webhookRetryDelaysMs: [5000, 25_000, 90_000, 180_000, 600_000, 1_800_000, 4_500_000],
  webhookMaxFailingMs: 5 * 24 * 60 * 60 * 1000,
  databaseWaitMs: 5000,
  databaseTrustMs: 60_000,
};
