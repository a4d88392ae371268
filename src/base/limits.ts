/** What one request may cost. Beyond these nothing is looked at: the first answer says so. */

/** Mistakes that one answer names; a body of a million wrong keys is refused no less by the first hundred. */
export const MAX_MISTAKES = 100;
/** Characters of a key that are shown, and looked at for what was meant. */
export const MAX_SHOWN_KEY_CHARS = 128;
/** Characters that a key may have. */
export const MAX_KEY_CHARS = 1024;
/** Values that a body may hold, in all its levels. */
export const MOST_VALUES = 20_000;
/** Levels that a body may be nested; what checks it goes down by recursion. */
export const MAX_BODY_LEVELS = 64;

/**
 * How long the gateway waits, in milliseconds, and how much it takes. One object for the whole gateway: tests give shorter ones, so that no test
 * waits for a real time-out. Never read from the environment.
 */
export type Limits = {
  /** The head of a request must have arrived within this time. */
  readonly headerTimeoutMs: number;
  /** A request must have arrived within this time, its body included. */
  readonly requestTimeoutMs: number;
  /** A client must take 512 bytes for each second of this time within it, as long as bytes of an answer wait for it. */
  readonly answerTimeoutMs: number;
  /** A connection without a request is kept for this time. */
  readonly keepAliveMs: number;
  /** From one look at all connections to the next. */
  readonly connectionCheckMs: number;
  /** A client whose body is not read gets this time to read the answer before its connection ends. */
  readonly lingerMs: number;
  /** Calls in flight get this time to finish when the server stops. */
  readonly stopGraceMs: number;
  /** The same after an error that nothing caught; and what stopping may take then, in all. */
  readonly faultGraceMs: number;
  readonly faultStopMs: number;
  /** Servers that one organization is connected to at the same time. */
  readonly maxConnectionsPerOrganization: number;
  /** A name server gets this time to answer, twice. */
  readonly dnsTimeoutMs: number;
  /** The addresses of a name are kept for this time, and the failure to find them for the next. */
  readonly dnsCacheMs: number;
  readonly dnsFailureCacheMs: number;
  /** A call waits this long for a list of tools that is fresh enough to decide about it. */
  readonly definitionPatienceMs: number;
  /** Whoever wants memory beyond the budget waits this long while nobody gives any back. */
  readonly memoryPatienceMs: number;
  /** A server is asked for its tools at most once within this time, however often it says that they have changed. */
  readonly listIntervalMs: number;
  /** Whether its service takes the credentials of an account is written at most once within this time. */
  readonly accountStatusIntervalMs: number;
  /** How a server fares, and that requests fail because of it, is logged at most once within this time. */
  readonly healthLogIntervalMs: number;
  /** PostgreSQL must have answered a statement within this time; one that is silent is not waited for again. */
  readonly databaseWaitMs: number;
  /** Endpoints are served as they were last read for this time after the last answer of PostgreSQL. */
  readonly databaseTrustMs: number;
};

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
  databaseWaitMs: 5000,
  databaseTrustMs: 60_000,
};
