import { decideCall } from '../approvals/decide-call.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { callTool } from '../calls/call-tool.ts';
import type { Deps } from '../deps.ts';
import { type Era, STATELESS_VERSION } from '../runtime/protocol.ts';
import type { Endpoint, EndpointConfig } from '../store/endpoints.ts';
import { serversOf } from '../store/topics.ts';
import { matches } from '../tools/scope.ts';
import type { CallNote } from './ended-calls.ts';
import { negotiate } from './eras.ts';
import type { RequestMessage } from './message.ts';
import { argumentsOf, complete, mustWait, noSuchMethod, type Result, UNCACHED, unknownTool } from './results.ts';
import type { ServedService } from './served.ts';

/** Milliseconds that a call may take. */
const TIMEOUT = 60_000;

type Asked = {
  readonly endpoint: Endpoint;
  readonly served: ServedService;
  readonly signal: AbortSignal;
  readonly note: CallNote;
  readonly memory: MemoryScope;
  /** Whether the endpoint, its account and its integration are still what they were found to be. */
  readonly isCurrent: () => boolean;
};

/** Answers a request to an endpoint over an OpenAPI service, but `tools/list`. Throws an RpcError or NotSent; `tools/call` reports failures as results. */
export async function answerRequest(
  deps: Deps,
  { endpoint, served, ...asked }: Asked,
  { method, params }: RequestMessage,
  era: Era,
): Promise<Result> {
  const isStateless = era === 'stateless';
  const info = infoOf(endpoint);
  const inEra = (result: Result): Result => (isStateless ? complete(result, info) : result);
  switch (method) {
    case isStateless ? 'server/discover' : 'initialize':
      return isStateless
        ? inEra({ supportedVersions: [STATELESS_VERSION], capabilities: { tools: {} }, ...UNCACHED })
        : { protocolVersion: negotiate(params.protocolVersion), capabilities: { tools: {} }, serverInfo: info };
    case 'tools/call':
      return inEra(await call(deps, served, params, asked));
    default:
      if (method === 'ping' && !isStateless) {
        return {};
      }
      throw noSuchMethod(era);
  }
}

/** What a list of tools says besides. */
export const besidesTools = (endpoint: Endpoint, era: Era): Result =>
  era === 'stateless' ? complete(UNCACHED, infoOf(endpoint)) : {};

const infoOf = ({ name, version }: Endpoint) => ({ name, version: String(version) });

/** The definitions that a scope lets through, one after the other. */
export async function shown(tools: ServedService['tools'], scope: EndpointConfig): Promise<Iterable<object>> {
  const named = await tools();
  return (function* () {
    for (const tool of named.values()) {
      if (matches(tool, scope)) {
        const { name, description, inputSchema, outputSchema, annotations } = tool;
        yield { name, description, inputSchema, ...(outputSchema !== undefined && { outputSchema }), annotations };
      }
    }
  })();
}

async function call(
  deps: Deps,
  served: ServedService,
  params: Result,
  { signal, note, memory, isCurrent }: Omit<Asked, 'endpoint' | 'served'>,
): Promise<Result> {
  const { account, service } = served;
  const tool = typeof params.name === 'string' ? (await served.tools()).get(params.name) : undefined;
  if (tool === undefined || !matches(tool, served.scope)) {
    throw unknownTool(params.name);
  }
  const args = argumentsOf(params);
  const { organizationId } = account;
  const { store } = deps;
  const changes = store.changes();
  const places = await deps.places.of(organizationId);
  const { policy, verdict } = await decideCall(served.policy, places, { tool, args, account, service });
  note.call = { tool: tool.name, args, verdict };
  if (verdict === 'waits') {
    return mustWait(policy);
  }
  const way = { egress: deps.egress.of(organizationId), budget: deps.budget, now: deps.now };
  const limits = { signal, timeoutMs: TIMEOUT, maxBytes: memory.messageBytes, held: memory.hold('answers', 0) };
  const placesOfServers = [organizationId, serversOf(organizationId)];
  const mayBeSent = (): boolean => isCurrent() && !store.hasChanged(placesOfServers, changes);
  const outcome = await callTool(way, { tool, args, account, service, ...limits, mayBeSent });
  const { result, credentialsRefused } = outcome;
  // A failure of another kind says nothing of the credentials.
  if (credentialsRefused || result.isError !== true) {
    deps.accountStatuses.note(account, credentialsRefused ? 'needs_reauth' : 'active');
  }
  return result;
}
