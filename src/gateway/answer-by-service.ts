import { decideCall, decideRequest, onlyReads } from '../approvals/decide-call.ts';
import type { DefinitionFacts } from '../approvals/decision.ts';
import { callTool } from '../calls/call-tool.ts';
import type { MayFollow } from '../calls/redirects.ts';
import type { CallToolResult } from '../calls/types.ts';
import { holdsBack, ruleOf } from '../contract/approval-policies.ts';
import type { Deps } from '../deps.ts';
import { memoryOf } from '../http/memory.ts';
import { hashDefinition } from '../runtime/hash-definition.ts';
import { type Era, STATELESS_VERSION } from '../runtime/protocol.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { isLive } from '../store/tool-approvals.ts';
import { serversOf } from '../store/topics.ts';
import { matches } from '../tools/scope.ts';
import { parseStringified } from '../tools/stringified.ts';
import { definitionOf } from '../tools/tool-definition.ts';
import type { DerivedTool } from '../tools/types.ts';
import { isRequest, type ServiceCall } from './call.ts';
import { callMetaTool } from './call-meta-tool.ts';
import { isSentByOpener } from './elicitation.ts';
import { negotiateVersion } from './eras.ts';
import { lastListed, nextCursorOf } from './list-cursor.ts';
import type { Message } from './message.ts';
import { isInDiscovery, listMetaTools } from './meta-tools.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { listUser, sendList, sendResult } from './reply.ts';
import { type ApprovedCall, requireApproval, sentArguments, type WaitingTool } from './require-approval.ts';
import {
  argumentsOf,
  completeResult,
  methodNotFound,
  notReadOnly,
  type Result,
  UNCACHED,
  unknownTool,
} from './results.ts';
import type { ServedService } from './served.ts';

/** Answers a message to an endpoint over an OpenAPI service. Throws an RpcError, Unapproved, NotSent or AnswerFailed. */
export async function answerByService(deps: Deps, call: ServiceCall<Message>): Promise<Outcome> {
  const { endpoint, source, era, request, response, signal } = call;
  if (!isRequest(call)) {
    response.writeHead(202).end();
    return null;
  }
  const { id, method } = call.message;
  switch (method) {
    case 'tools/call':
      return isInDiscovery(endpoint)
        ? callMetaTool(
            call,
            async () => ({ shown: source.shown, meta: {} }),
            (inner) => callServiceTool(deps, inner),
          )
        : callServiceTool(deps, call);
    case 'tools/list': {
      if (isInDiscovery(endpoint)) {
        const tools = listMetaTools(call.message.params);
        sendResult(request, response, id, { tools, ...besidesTools(endpoint, era) });
        return null;
      }
      using list = await source.shown.list(lastListed(endpoint, call.message.params), listUser(response, signal));
      const besides = { ...nextCursorOf(endpoint, list), ...besidesTools(endpoint, era) };
      await sendList(request, response, signal, { id, list, besides });
      return null;
    }
    default:
      sendResult(request, response, id, introductionOf(call));
      return null;
  }
}

/** Returns the answer to a request that is not about tools. Throws an RpcError for an unknown method. */
function introductionOf({ endpoint, era, message: { method, params } }: ServiceCall): Result {
  const capabilities = { tools: {} };
  const info = infoOf(endpoint);
  if (era === 'stateless') {
    if (method === 'server/discover') {
      return completeResult({ supportedVersions: [STATELESS_VERSION], capabilities, ...UNCACHED }, info);
    }
  } else if (method === 'initialize') {
    return { protocolVersion: negotiateVersion(params.protocolVersion), capabilities, serverInfo: info };
  } else if (method === 'ping') {
    return {};
  }
  throw methodNotFound(era);
}

/** The other members of a result of `tools/list`. */
const besidesTools = (endpoint: Endpoint, era: Era): Result =>
  era === 'stateless' ? completeResult(UNCACHED, infoOf(endpoint)) : {};

const infoOf = ({ name, version }: Endpoint) => ({ name, version: String(version) });

async function callServiceTool(deps: Deps, call: ServiceCall): Promise<Outcome> {
  const { endpoint, source, era, message, request, response } = call;
  const { account, service } = source;
  const { name } = message.params;
  const tool = typeof name === 'string' ? (await source.tools()).get(name) : undefined;
  if (tool === undefined || !matches(tool, source.scope)) {
    throw unknownTool(name);
  }
  const parsed = parseStringified(tool.inputSchema, argumentsOf(message.params));
  if (call.inner?.onlyReads && !(await onlyReads({ tool, args: parsed, account, service }))) {
    throw notReadOnly(tool.name);
  }
  const changes = deps.store.changes();
  const places = await deps.places.of(account.organizationId);
  const called = { tool, args: parsed, account, service };
  const facts = approvedFacts(source, tool, deps.now());
  const { reason, policy, requiredApprovals } = decideCall(source.rule, places, called, facts);
  // A redirect can only make a reading call read elsewhere.
  const mayFollow: MayFollow = (sent) =>
    decideRequest(ruleOf('auto_approve_read_only'), places, sent, { readOnlyHint: true }).verdict === 'runs';
  const approved =
    reason === null ? null : await approvalOf(deps, call, { tool, parsed, policy, requiredApprovals, reason });
  const args = approved === null ? parsed : (approved.args ?? {});
  const requestId = approved?.requestId ?? null;
  return outcomeOf({ tool: tool.name, args, verdict: 'runs', requestId }, async () => {
    const result = await runServiceTool(deps, call, { tool, args, changes, mayFollow });
    const inEra = era === 'stateless' ? completeResult(result, infoOf(endpoint)) : result;
    return { isError: result.isError === true, responseBytes: sendResult(request, response, message.id, inEra) };
  });
}

/** Returns the facts that decide if the tool has an approval that counts; undefined if it has none. */
function approvedFacts(
  { rule, approvals }: ServedService,
  tool: DerivedTool,
  now: number,
): DefinitionFacts | undefined {
  const approval = holdsBack(rule.policy) ? approvals.find(({ toolName }) => toolName === tool.name) : undefined;
  if (approval === undefined || !isLive(approval, now)) {
    return undefined;
  }
  const hash = hashDefinition(definitionOf(tool));
  // Only the organization itself changes its documents.
  return { hash, pinned: hash, approval };
}

type Waiting = Pick<WaitingTool, 'policy' | 'requiredApprovals' | 'reason'> & {
  readonly tool: DerivedTool;
  readonly parsed: Result;
};

/** Takes the approval of a call that waits. */
function approvalOf(deps: Deps, call: ServiceCall, { tool, parsed, ...rule }: Waiting): Promise<ApprovedCall> {
  const { account } = call.source;
  const definition = definitionOf(tool);
  return requireApproval(deps, call, {
    accountId: account.id,
    serverId: null,
    serverName: account.integrationName,
    definition,
    definitionHash: hashDefinition(definition),
    ...rule,
    // A person sees what the service would get.
    args: sentArguments(call.message) && parsed,
    elicits: call.era === 'stateless' && isSentByOpener(call.message) ? 'by result' : null,
  });
}

/** A call, and the count of changes before its decision. */
type Decided = Pick<Parameters<typeof callTool>[1], 'tool' | 'args' | 'mayFollow'> & { readonly changes: number };

/** Calls the service; failures are results. Throws NotSent. */
async function runServiceTool(deps: Deps, call: ServiceCall, { changes, ...called }: Decided): Promise<Result> {
  const { source, request, signal } = call;
  const { account, service, timeoutMs } = source;
  const { organizationId } = account;
  const memory = memoryOf(request);
  const way = { egress: deps.egress.of(organizationId), budget: deps.budget, now: deps.now };
  const limits = { signal, timeoutMs, maxBytes: memory.messageBytes, held: memory.hold('answers', 0) };
  const placesOfServers = [organizationId, serversOf(organizationId)];
  const mayBeSent = (): boolean => call.mayBeSent() && !deps.store.hasChanged(placesOfServers, changes);
  const outcome = await callTool(way, { ...called, account, service, ...limits, mayBeSent });
  const { result, credentialsRefused } = outcome;
  // Other failures do not concern the credentials.
  if (credentialsRefused !== null && (credentialsRefused || result.isError !== true)) {
    deps.accountStatuses.note(account, credentialsRefused ? 'needs_reauth' : 'active');
  }
  return knowsLinks(call) ? result : withoutLinks(result);
}

/** Since the version 2025-06-18 the protocol has resource links, and clients name the version in a header. */
const knowsLinks = ({ era, request }: ServiceCall): boolean =>
  era === 'stateless' || String(request.headers['mcp-protocol-version'] ?? '') >= '2025-06-18';

/** Older clients refuse a result with a block that they do not know; a text says the same. */
const withoutLinks = (result: CallToolResult): Result => ({
  ...result,
  content: result.content.filter(({ type }) => type !== 'resource_link'),
});
