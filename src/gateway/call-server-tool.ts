import { NotSent } from '../base/not-sent.ts';
import { holdsBack } from '../contract/approval-policies.ts';
import type { ApprovalReason } from '../contract/closed-words.ts';
import type { Deps } from '../deps.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import { hintsOf, readsOnly } from '../tools/hints.ts';
import { approvedMessage, unapprovedMessage } from './approved-message.ts';
import { sealQuestions } from './ask-on.ts';
import type { ServerCall } from './call.ts';
import { type Elicits, isSentByOpener } from './elicitation.ts';
import { forward } from './forward.ts';
import { LIST_FRESHNESS } from './list-tools.ts';
import { type Answered, AnswerFailed, type Outcome, outcomeOf } from './outcome.ts';
import { paramHeaders } from './param-headers.ts';
import { hasOpeningSession } from './relay.ts';
import { type ApprovedCall, requireApproval, sentArguments } from './require-approval.ts';
import { argumentsOf, notReadOnly, outdatedTools, unknownTool } from './results.ts';
import type { ViewedTool } from './served.ts';

/** How fresh tools are where they are called; milliseconds. */
const CALL_FRESHNESS = { maxAgeMs: 60_000, waitMs: 0 };

/** Answers a `tools/call` by what is decided about the tool. Throws an RpcError, ServerFailed, Unapproved, NotSent or AnswerFailed. */
export async function callServerTool(deps: Deps, call: ServerCall): Promise<Outcome> {
  const tool = await findCalled(deps, call);
  const name = String(tool.definition.name);
  if (call.inner?.onlyReads && !readsOnly(hintsOf(tool.definition))) {
    throw notReadOnly(name);
  }
  const asked = argumentsOf(call.message.params);
  const approved = tool.reason === null ? null : await approvalOf(deps, call, { ...tool, reason: tool.reason });
  const message =
    approved === null
      ? unapprovedMessage(deps.store.read.secrets, call.endpoint.id, call.message)
      : approvedMessage(call.message, approved);
  const args = approved === null ? asked : (approved.args ?? {});
  const requestId = approved?.requestId ?? null;
  return outcomeOf({ tool: name, args, verdict: 'runs', requestId }, async () => {
    // A client does not know what the tool declares that a meta-tool calls.
    const sent = call.era === 'stateless' && call.inner === undefined ? call.request.headers : null;
    const headers = paramHeaders(tool.definition, args, sent);
    // An approval is for one call, even of a tool that changes nothing.
    const mayRunTwice = approved === null && readsOnly(hintsOf(tool.definition));
    const rewrite = approved !== null && call.era === 'stateless' && { rewrite: sealQuestions(deps, call, approved) };
    return run(deps, { ...call, message, paramHeaders: headers, ...rewrite }, mayRunTwice);
  });
}

/** Takes the approval of a call that waits. */
const approvalOf = (
  deps: Deps,
  call: ServerCall,
  { definition, hash: definitionHash, reason }: ViewedTool & { readonly reason: ApprovalReason },
): Promise<ApprovedCall> => {
  const { endpoint, source } = call;
  const { id: serverId, name: serverName, approvalPolicy: policy, requiredApprovals } = source.server;
  return requireApproval(deps, call, {
    args: sentArguments(call.message),
    elicits: elicitsOf(deps, call),
    accountId: endpoint.accountId,
    serverId,
    serverName,
    policy,
    requiredApprovals,
    reason,
    definition,
    definitionHash,
  });
};

function elicitsOf(deps: Deps, call: ServerCall): Elicits {
  if (call.era === 'stateless') {
    return isSentByOpener(call.message) ? 'by result' : null;
  }
  return hasOpeningSession(deps, call) ? 'on the stream' : null;
}

/** Sends a call on. What may have been carried out is sent again only where that changes nothing. */
async function run(deps: Deps, call: ServerCall, isRepeatable: boolean): Promise<Answered> {
  try {
    return await forward(deps, call);
  } catch (error) {
    const mayRunTwice = isRepeatable && !call.response.headersSent;
    if (!(error instanceof ServerFailed) || error.kind !== 'broken' || !mayRunTwice) {
      throw error;
    }
    return forward(deps, call);
  }
}

/** The tool that a call names, and what is decided about it. Throws NotSent where it has waited for a list meanwhile outdated. */
async function findCalled(deps: Deps, call: ServerCall): Promise<ViewedTool> {
  try {
    const { source, inner } = call;
    const { server, scope } = source;
    // Methods are what annotations say; tags are the server's.
    return holdsBack(server.approvalPolicy) || scope.methods !== undefined || inner?.onlyReads
      ? await findDefinedTool(deps, call)
      : await findTool(deps, call);
  } catch (error) {
    throw call.mayBeSent() ? error : new NotSent();
  }
}

/** The tool that a call names, if the endpoint shows it. One that is not known may be new: the server is asked, once. */
async function findTool({ runtime }: Deps, { source, message }: ServerCall): Promise<ViewedTool> {
  const { name } = message.params;
  for (const freshness of [CALL_FRESHNESS, LIST_FRESHNESS]) {
    const seeing = runtime.tools(source.server, freshness);
    const { tools } = seeing instanceof Promise ? await seeing : seeing;
    const tool = typeof name === 'string' ? source.find(tools, name) : undefined;
    if (tool !== undefined) {
      return tool;
    }
  }
  throw unknownTool(name);
}

/**
 * The tool that a call names, by a list that may decide about it: at most as old as where tools are called, and seen by this
 * process. Throws an RpcError where there is none in time; that is audited.
 */
async function findDefinedTool({ runtime, limits }: Deps, { source, message, inner }: ServerCall): Promise<ViewedTool> {
  const { name } = message.params;
  for (const { maxAgeMs } of [CALL_FRESHNESS, LIST_FRESHNESS]) {
    const freshness = { maxAgeMs, waitMs: limits.definitionPatienceMs, decides: true } as const;
    const { tools, isFresh, failure } = await runtime.tools(source.server, freshness);
    const tool = typeof name === 'string' ? source.find(tools, name) : undefined;
    if (tool !== undefined && !isFresh) {
      const call = { tool: String(name), args: argumentsOf(message.params), verdict: tool.verdict, requestId: null };
      throw new AnswerFailed(outdatedTools(source, failure, inner?.onlyReads === true), { call });
    }
    if (tool !== undefined) {
      return tool;
    }
  }
  throw unknownTool(name);
}
