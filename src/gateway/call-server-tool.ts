import { NotSent } from '../base/not-sent.ts';
import { looksAtDefinitions } from '../contract/approval-policies.ts';
import type { Deps } from '../deps.ts';
import { ServerFailed } from '../runtime/server-failed.ts';
import { hintsOf, readsOnly } from '../tools/hints.ts';
import type { ServerCall } from './call.ts';
import { forward } from './forward.ts';
import { LIST_FRESHNESS } from './list-tools.ts';
import { type Answered, AnswerFailed, type Outcome, outcomeOf } from './outcome.ts';
import { paramHeaders } from './param-headers.ts';
import { sendResult } from './reply.ts';
import { approvalRequired, argumentsOf, completeResult, outdatedTools, unknownTool } from './results.ts';
import type { ViewedTool } from './served.ts';

/** How fresh tools are where they are called; milliseconds. */
const CALL_FRESHNESS = { maxAgeMs: 60_000, waitMs: 0 };

/** Answers a `tools/call` by what is decided about the tool. Throws an RpcError, ServerFailed, NotSent or AnswerFailed. */
export async function callServerTool(deps: Deps, call: ServerCall): Promise<Outcome> {
  const { source, message, era, request, response } = call;
  const tool = await findCalled(deps, call);
  const args = argumentsOf(message.params);
  const decided = { tool: String(tool.definition.name), args, verdict: tool.verdict };
  return outcomeOf(decided, async () => {
    if (tool.verdict === 'waits') {
      const result = approvalRequired(source.server.approvalPolicy);
      const inEra = era === 'stateless' ? completeResult(result) : result;
      return { isError: true, responseBytes: sendResult(request, response, message.id, inEra) };
    }
    const sent = era === 'stateless' ? request.headers : null;
    return run(deps, { ...call, paramHeaders: paramHeaders(tool.definition, args, sent) }, tool);
  });
}

/** Sends a call on. What may have been carried out is asked again only where that changes nothing. */
async function run(deps: Deps, call: ServerCall, { definition }: ViewedTool): Promise<Answered> {
  try {
    return await forward(deps, call);
  } catch (error) {
    const mayRunTwice = readsOnly(hintsOf(definition)) && !call.response.headersSent;
    if (!(error instanceof ServerFailed) || error.kind !== 'broken' || !mayRunTwice) {
      throw error;
    }
    return forward(deps, call);
  }
}

/** The tool that a call names, and what is decided about it. Throws NotSent where it has waited for a list meanwhile outdated. */
async function findCalled(deps: Deps, call: ServerCall): Promise<ViewedTool> {
  try {
    const { server, scope } = call.source;
    // Methods are what annotations say; tags are the server's.
    return looksAtDefinitions(server.approvalPolicy) || scope.methods !== undefined
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
async function findDefinedTool({ runtime, limits }: Deps, { source, message }: ServerCall): Promise<ViewedTool> {
  const { name } = message.params;
  for (const { maxAgeMs } of [CALL_FRESHNESS, LIST_FRESHNESS]) {
    const freshness = { maxAgeMs, waitMs: limits.definitionPatienceMs, decides: true } as const;
    const { tools, isFresh, failure } = await runtime.tools(source.server, freshness);
    const tool = typeof name === 'string' ? source.find(tools, name) : undefined;
    if (tool !== undefined && !isFresh) {
      const call = { tool: String(name), args: argumentsOf(message.params), verdict: tool.verdict };
      throw new AnswerFailed(outdatedTools(source, failure), { call });
    }
    if (tool !== undefined) {
      return tool;
    }
  }
  throw unknownTool(name);
}
