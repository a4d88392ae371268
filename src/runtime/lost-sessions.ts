import { isObject } from '../base/is-object.ts';
import { OverBudget } from '../base/memory-budget.ts';
import { discard } from '../egress/http-answer.ts';
import type { ConnectionOptions, SessionHeaders } from './connection.ts';
import { readResponse } from './http-answers.ts';
import type { HttpRequests } from './http-requests.ts';
import { isUnavailableStatus, ServerFailed } from './server-failed.ts';

/** These concern the credentials and the rate of requests. */
const OTHER_REFUSALS: readonly number[] = [401, 403, 429];

/**
 * Whether a refused request may have failed because the server has lost its session. The protocol names 404 (MCP
 * 2025-11-25, "Session Management"); servers in use answer 400 and others.
 */
export const mayMeanLostSession = (status: number): boolean =>
  status >= 400 && status < 500 && !OTHER_REFUSALS.includes(status);

/** Whether a JSON-RPC error mentions a session: some servers report a lost one with HTTP 200. */
export const mentionsSession = (message: unknown): boolean =>
  isObject(message) &&
  isObject(message.error) &&
  typeof message.error.message === 'string' &&
  /session/i.test(message.error.message);

type SessionCheckOptions = Pick<ConnectionOptions, 'memory'> & {
  /** The name of the server in messages to people. */
  readonly name: string;
  readonly post: HttpRequests['post'];
  readonly ownId: () => number;
  readonly timeoutMs: number;
  /** Aborted at the end of the connection. */
  readonly closed: AbortSignal;
};

/**
 * Creates the check whether a server has lost a session: it sends a `ping` in that session, one at a time for each
 * server. The session is lost if the server refuses the ping or does not answer in time.
 */
export function createSessionCheck({ name, memory, post, ownId, timeoutMs, closed }: SessionCheckOptions) {
  const pending = new Map<string, Promise<boolean>>();
  let last: Promise<unknown> = Promise.resolve();

  const isRefused = async (session: SessionHeaders): Promise<boolean> => {
    try {
      const id = ownId();
      const signal = AbortSignal.any([closed, AbortSignal.timeout(timeoutMs)]);
      const answer = await post(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }), session, signal);
      if (mayMeanLostSession(answer.status) || isUnavailableStatus(answer.status)) {
        discard(answer);
        return mayMeanLostSession(answer.status);
      }
      using reading = memory();
      return mentionsSession(await readResponse(name, answer, id, reading));
    } catch (error) {
      // Refused credentials and a lack of memory say nothing about the session.
      return !(error instanceof OverBudget || (error instanceof ServerFailed && error.kind === 'refused'));
    }
  };

  return (session: SessionHeaders): Promise<boolean> => {
    const id = session['mcp-session-id'] ?? '';
    const asked = pending.get(id) ?? last.then(() => isRefused(session)).finally(() => pending.delete(id));
    pending.set(id, asked);
    last = asked;
    return asked;
  };
}
