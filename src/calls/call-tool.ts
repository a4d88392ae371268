import { type HeldMemory, type MemoryBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import { type MayBeSent, NotSent } from '../base/not-sent.ts';
import { largeParsedBytes } from '../base/parsed-bytes.ts';
import { type Egress, EgressRefused } from '../egress/egress.ts';
import type { DerivedTool } from '../tools/types.ts';
import { requireAll } from './arguments.ts';
import type { CalledAccount } from './authorise.ts';
import { bearerOf, planCredentials } from './credentials.ts';
import { ArgumentError, CallFailed } from './errors.ts';
import { redactor } from './redact.ts';
import { documentedTarget, follow, type MayFollow, targetOf } from './redirects.ts';
import { buildRequest } from './request.ts';
import { failure, isParsed, MAX_RESULT_VALUES, resultOf } from './result.ts';
import { send } from './send.ts';
import { baseOf, type CalledService } from './service.ts';
import { createTokens, type Tokens } from './tokens.ts';
import type { Arguments, CallToolResult, Credential } from './types.ts';

/** One call of a tool, with its account and its limits. */
export type Call = {
  readonly tool: Pick<DerivedTool, 'verb' | 'request' | 'inputSchema' | 'outputSchema'>;
  readonly service: CalledService;
  readonly account: CalledAccount;
  readonly args: Arguments;
  /** Ends the call, its connection included. */
  readonly signal?: AbortSignal;
  /** The time limit of the whole call. */
  readonly timeoutMs: number;
  /** The maximum number of bytes of the answer; never more than 10 MB. */
  readonly maxBytes: number;
  /** Holds the memory of the answer and of the result. */
  readonly held: HeldMemory;
  /** Asked before a redirect is followed, which may lead to where calls wait for a person. */
  readonly mayFollow: MayFollow;
  /** Called immediately before each request to the service or for a token: the call may have waited. */
  readonly mayBeSent?: MayBeSent;
};

/** The result of a call, and whether the service refused the credentials. */
export type CallOutcome = {
  readonly result: CallToolResult;
  /**
   * The service, or its token server, refused the credentials (401), or they cannot be sent. Null if the account has some
   * and the operation demands none: its answer says nothing about them.
   */
  readonly credentialsRefused: boolean | null;
};

/** 10 MB. */
const MAX_BYTES = 10_000_000;

/** The egress of a call, its memory budget, and the clock in milliseconds since the epoch. */
export type CallWays = { readonly egress: Egress; readonly budget: MemoryBudget; readonly now: () => number };

/** Tokens are good on whatever way they came, and are forgotten with it. */
const memories = new WeakMap<Egress, Tokens>();

/**
 * Calls a tool over HTTP. All failures of the arguments, the connection or the service become a result with `isError`,
 * which never contains a credential. Rejects only with OverBudget, NotSent, and the reason of the signal.
 */
export async function callTool({ egress, budget, now }: CallWays, call: Call): Promise<CallOutcome> {
  const tokens = memories.get(egress) ?? createTokens(egress, budget, now);
  memories.set(egress, tokens);
  const deadline = AbortSignal.timeout(call.timeoutMs);
  const signal = call.signal === undefined ? deadline : AbortSignal.any([call.signal, deadline]);
  try {
    signal.throwIfAborted();
    return await attempt({ ...call, egress, tokens, signal });
  } catch (error) {
    call.signal?.throwIfAborted();
    if (error instanceof CallFailed) {
      return { result: failure(error.message), credentialsRefused: error.credentialsRefused };
    }
    if (error instanceof ArgumentError || error instanceof EgressRefused) {
      return { result: failure(error.message), credentialsRefused: false };
    }
    if (deadline.aborted && !(error instanceof NotSent)) {
      const { host } = baseOf(call.service, call.tool.request, call.account.context);
      const text = `${host} did not answer within ${call.timeoutMs} ms; the call may have been carried out.`;
      return { result: failure(text), credentialsRefused: false };
    }
    throw error;
  }
}

type Attempt = Call & { readonly egress: Egress; readonly tokens: Tokens; readonly signal: AbortSignal };

/** `refused`: the tokens that an attempt before this one had, by the key of their grants. */
async function attempt(call: Attempt, refused?: ReadonlyMap<string, string>): Promise<CallOutcome> {
  const { tool, service, account, egress, tokens, signal, held, mayBeSent, mayFollow } = call;
  requireAll(tool, call.args);
  const base = baseOf(service, tool.request, account.context);
  const got = new Map<string, string>();
  const credentials: Credential[] = [];
  for (const planned of planCredentials(account, service, tool.request, base)) {
    if ('grant' in planned) {
      const { grant } = planned;
      const token = await tokens.get(grant, signal, { refused: refused?.get(grant.key), mayBeSent });
      got.set(grant.key, token);
      credentials.push(bearerOf(token));
    } else {
      credentials.push(planned);
    }
  }
  const request = buildRequest(tool, base, credentials, call.args);
  const limits = { signal, maxBytes: Math.min(call.maxBytes, MAX_BYTES), held, mayBeSent };
  const first = await send(egress, request, limits);
  // A 401 says that nothing was carried out; a second one is about something else than the age of the tokens.
  if (first.status === 401 && got.size > 0 && refused === undefined) {
    return attempt(call, got);
  }
  const target = documentedTarget(tool, first, new URL(request.url));
  const isFollowed = target !== null && tool.verb === 'GET';
  const { answer, url, isAtOrigin } = isFollowed
    ? await follow(request, first, { egress, limits, mayFollow })
    : { answer: first, url: new URL(request.url), isAtOrigin: true };
  const link = target === null ? null : targetOf(answer, url);
  const parsed = isParsed(answer, tool) ? largeParsedBytes(answer.bytes, MAX_RESULT_VALUES) : 0;
  if (answer.bytes.length > SMALL_BYTES || parsed > 0) {
    // Its text, the text of the result, and the value.
    await held.waitToResize(3 * answer.bytes.length + parsed, signal);
  }
  const result = await resultOf(answer, { tool, url, link, redact: redactor(account, credentials, call.args) });
  const isUntried = credentials.length === 0 && account.authenticationMethod !== 'none';
  return { result, credentialsRefused: isUntried ? null : answer.status === 401 && isAtOrigin };
}
