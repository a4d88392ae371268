import { createServer, type RequestListener, type Server } from 'node:http';
import type { Logger } from 'pino';
import { type AppOptions, createApp } from './app.ts';
import { createApprovalWaits } from './approvals/approval-waits.ts';
import { DECISION_VALID_MS } from './approvals/decide-approval-request.ts';
import { deliverEvents } from './approvals/deliver-events.ts';
import { outdateRequests } from './approvals/outdate-requests.ts';
import { createServerPlaces } from './approvals/server-places.ts';
import { createCallAudit } from './audit/calls.ts';
import { createCredentials } from './auth/credentials.ts';
import { bootstrap, type NewCredentials, operatorTokenHash } from './auth/first-credentials.ts';
import { readDescriptorLimit } from './base/descriptors.ts';
import { giveMemoryBack } from './base/give-memory-back.ts';
import { type Ids, randomIds } from './base/ids.ts';
import { LIMITS, type Limits } from './base/limits.ts';
import { MemoryBudget } from './base/memory-budget.ts';
import { createAccountStatuses } from './calls/account-statuses.ts';
import { type Config, locationOf } from './config.ts';
import type { Document } from './contract/document.ts';
import type { Deps } from './deps.ts';
import type { DocsFolder } from './docs/built.ts';
import { createOperatorEgresses, createOrganizationEgresses } from './egress/egress.ts';
import { keepHouse } from './housekeeping.ts';
import { type Connections, watchConnections } from './http/connections.ts';
import { listen } from './http/listen.ts';
import { answerUnreadable } from './http/unreadable.ts';
import { variablesWithPassword } from './operator/resolve.ts';
import { useSharedServers } from './operator/use-shared-servers.ts';
import { createFailureLog } from './runtime/failure-log.ts';
import { createReloads } from './runtime/reloads.ts';
import { createRuntime } from './runtime/runtime.ts';
import { environmentOfUser, requireStdioUser } from './runtime/stdio-user.ts';
import type { Programs } from './shared-config/machine.ts';
import type { Environment } from './shared-config/variables.ts';
import { isReadableByOthers, keyFilePath, readOrCreateKeyFile } from './store/key-file.ts';
import { openStore } from './store/open.ts';
import type { GivenKeys } from './store/secret-keys.ts';
import type { StoreOptions } from './store/store.ts';
import { createMetrics, showMemory } from './telemetry/metrics.ts';

export type RunningServer = {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly deps: Deps;
  /** What this start has made; null when there was nothing to make. */
  readonly newCredentials: NewCredentials | null;
  /** Stops accepting, lets calls in flight finish, and closes the store. */
  readonly stop: () => Promise<void>;
  /** The same when something is wrong with this process: audited calls that wait are stored first, and nothing waits long. */
  readonly stopAfterFault: () => Promise<void>;
};

export type ServerOptions = {
  readonly config: Config;
  readonly document: Document;
  readonly docs: DocsFolder;
  readonly log: Logger;
  readonly violations: 'throw' | 'report';
  /** Where the data is, when not where the configuration says. */
  readonly location?: StoreOptions['location'];
  /** Keeps the credentials that this start has made, before they are stored as hashes. */
  readonly keep?: (made: NewCredentials) => Promise<void>;
  /** The variables that configurations of the operator's servers may name, none unless given. */
  readonly environment?: Environment;
  /** The only programs that the operator's servers may be, any unless given. */
  readonly programs?: Programs;
  /** Runs before the first request is answered, with the app that will answer. */
  readonly prepare?: (app: RequestListener) => Promise<void>;
  readonly disturb?: AppOptions['disturb'];
  readonly now?: () => number;
  readonly ids?: Ids;
  /** What differs from `LIMITS`. */
  readonly limits?: Partial<Limits>;
};

/** Opens the store, makes the first credentials, and listens. Throws when any of it fails; nothing then stays open. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, document, docs, log, violations, now = Date.now, ids = randomIds, environment = {} } = options;
  const location = options.location ?? locationOf(config);
  const { stdioUser } = config;
  requireStdioUser(stdioUser);
  const limits = { ...LIMITS, ...options.limits };
  // Closed from the last to the first: calls that end with the runtime are audited, and what is audited is stored.
  const opened = new AsyncDisposableStack();
  const store = await openStore({
    location,
    ...(await keysOf(config, log)),
    log: (level, message, details) => log[level](details ?? {}, message),
    now,
    waitMs: limits.databaseWaitMs,
    trustMs: limits.databaseTrustMs,
  });
  opened.defer(() => store.close());
  const http = createServer({
    headersTimeout: Math.min(limits.headerTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.connectionCheckMs,
    // The guard refuses such requests, in their turn.
    requireHostHeader: false,
  });
  const descriptors = await readDescriptorLimit();
  const connections = watchConnections(http, {
    limits,
    perAddress: config.connectionsPerAddress,
    descriptors,
    onTight: () => log.warn('file descriptors run out: idle connections make room for new ones; raise ulimit -n'),
    onManyEnded: giveMemoryBack,
  });
  opened.defer(() => connections.close());
  try {
    const begin = holdRequests(http, connections);
    const { host, port } = config;
    const url = await listen(http, { host, port, settings: { host: 'GATEHOUSE_HOST', port: 'GATEHOUSE_PORT' } });
    const newCredentials = await bootstrap({ store, now, ids }, config, async (made) => options.keep?.(made));
    const credentials = createCredentials({ store, now, operatorTokenHash: await operatorTokenHash(store, config) });
    const publicUrl = config.publicUrl ?? url;
    const own = [url, publicUrl].map(hostAndPort);
    const budget = new MemoryBudget({ totalBytes: config.memoryBudgetBytes, patienceMs: limits.memoryPatienceMs });
    const metrics = createMetrics();
    showMemory(metrics, budget);
    const callAudit = createCallAudit({ store, log, metrics, withArguments: config.auditArguments, budget });
    opened.defer(() => callAudit.close());
    const accountStatuses = createAccountStatuses({ store, log, intervalMs: limits.accountStatusIntervalMs });
    opened.defer(() => accountStatuses.close());
    const egress = createOrganizationEgresses({ allow: config.egressAllow, own: () => own }, limits);
    opened.defer(() => egress.close());
    const operatorEgresses = createOperatorEgresses();
    opened.defer(() => operatorEgresses.close());
    const runtime = createRuntime({ store, egress, operatorEgresses, now, log, limits, budget, quotas: config.quotas });
    opened.defer(() => runtime.close());
    const approvalTimeoutMs = config.approvalTimeoutSeconds * 1000;
    const longestMs = Math.max(approvalTimeoutMs, DECISION_VALID_MS);
    const approvalWaits = createApprovalWaits({ store, log, longestMs });
    opened.defer(() => approvalWaits.close());
    const outdating = outdateRequests({ store, budget, log });
    opened.defer(() => outdating.close());
    const stopping = new AbortController();
    opened.defer(() => stopping.abort());
    const deps: Deps = {
      store,
      credentials,
      now,
      ids,
      limits,
      budget,
      quotas: config.quotas,
      descriptors,
      log,
      metrics,
      callAudit,
      accountStatuses,
      failureLog: createFailureLog({ log, intervalMs: limits.healthLogIntervalMs }),
      publicUrl,
      egress,
      runtime,
      reloads: createReloads(),
      places: createServerPlaces(store),
      approvalWaits,
      approvalTimeoutMs,
      approvalHoldMs: config.approvalHoldSeconds * 1000,
      integrationPolicy: config.integrationPolicy,
      reloadsLive: config.reload === 'live',
      machine: { variables: environmentOfUser(environment, stdioUser), stdioUser, programs: options.programs ?? null },
      stopping: stopping.signal,
    };
    if (config.adminAuth === 'none') {
      log.warn(
        'GATEHOUSE_ADMIN_AUTH=none: everyone who can reach this port is the operator; do not put a proxy in front of it',
      );
    }
    for (const name of variablesWithPassword(environment)) {
      log.warn(
        `local processes do not get ${name}: its URL holds a password; set it in the \`env\` of a server that needs it`,
      );
    }
    answerUnreadable(http, publicUrl, limits.lingerMs);
    const app = await createApp(deps, { document, docs, config, violations, disturb: options.disturb });
    await useSharedServers(deps);
    await approvalWaits.lookForDue();
    await options.prepare?.(app);
    begin(app);
    void keepHouse(deps, config, stopping.signal);
    const delivering = deliverEvents(deps, stopping.signal);
    opened.defer(() => delivering);
    const stopWithin = async (graceMs: number) => {
      stopping.abort();
      await close(http, graceMs);
      await credentials.saveLastUsed().catch((error: unknown) => log.warn({ err: error }, 'last use not saved'));
      await opened.disposeAsync();
    };
    return {
      url,
      deps,
      newCredentials,
      stop: () => stopWithin(limits.stopGraceMs),
      stopAfterFault: async () => {
        await callAudit.flush();
        await stopWithin(limits.faultGraceMs);
      },
    };
  } catch (error) {
    http.close();
    http.closeAllConnections();
    await opened.disposeAsync();
    throw error;
  }
}

/** The configured keys, or the one of the key file, which is created if it is missing. */
async function keysOf({ secretKeys, keySource, dataDirectory }: Config, log: Logger): Promise<GivenKeys> {
  if (secretKeys !== null) {
    return { secretKeys, keySource };
  }
  const path = keyFilePath(dataDirectory);
  const key = await readOrCreateKeyFile(dataDirectory);
  if (await isReadableByOthers(dataDirectory)) {
    log.warn(`other users of this machine can read the key file: run chmod 600 ${path}`);
  }
  return { secretKeys: [key], keySource: `the file ${path}` };
}

function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** Lets requests wait until there is an app: its links need the port, which is known only when the server listens. */
function holdRequests(http: Server, connections: Connections): (app: RequestListener) => void {
  const waiting: Parameters<RequestListener>[] = [];
  let serve: RequestListener = (request, response) => waiting.push([request, response]);
  const listener = connections.inOrder((request, response) => serve(request, response));
  // Whether a body is wanted is said when it is read, after the credentials were checked.
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    http.on(event, listener);
  }
  return (app) => {
    serve = app;
    for (const [request, response] of waiting) {
      app(request, response);
    }
  };
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}
