import { type MayBeSent, NotSent } from '../base/not-sent.ts';
import { discard, type HttpAnswer } from '../egress/http-answer.ts';
import type { ServerSession } from './connection.ts';
import type { createHttpIntroduction } from './http-introduction.ts';
import type { HttpRequests } from './http-requests.ts';
import { type createSessionCheck, mayMeanLostSession } from './lost-sessions.ts';
import { protocolViolation } from './messages.ts';
import { ServerFailed } from './server-failed.ts';

/** The parts of a connection that posts messages. */
export type SessionPostsOptions = Pick<
  ReturnType<typeof createHttpIntroduction>,
  'session' | 'forgetDiscovery' | 'isStillStateless'
> & {
  /** The name of the server in messages to people. */
  readonly name: string;
  readonly idleTimeoutMs: number;
  readonly requests: HttpRequests;
  readonly isSessionLost: ReturnType<typeof createSessionCheck>;
};

/**
 * Creates the functions that post messages to a server over Streamable HTTP, and that doubt the remembered session or
 * version if the answer could be explained by its loss.
 */
export function createSessionPosts(options: SessionPostsOptions) {
  const { name, idleTimeoutMs, requests, session, forgetDiscovery, isStillStateless, isSessionLost } = options;
  const { post, postStateless } = requests;

  const isCurrent = async (used: ServerSession): Promise<boolean> =>
    (await session.known()?.catch(() => null)) === used;

  /** Forgets the session that a request was sent in, and returns true, if the server has lost it. */
  const forgetLostSession = async (used: ServerSession | null): Promise<boolean> => {
    if (used?.id === undefined) {
      return false;
    }
    // Another request may have found it out already.
    if ((await isCurrent(used)) && !(await isSessionLost(used.headers))) {
      return false;
    }
    session.forget(used);
    // The server may have been replaced by one of another era.
    forgetDiscovery(null);
    return true;
  };

  /** Posts a message in the session of the gateway. Begins a new session, once, if the server has lost it. */
  const postInSession = async (
    message: string | Buffer,
    signal: AbortSignal,
    { isRetry = false, mayBeSent }: { readonly isRetry?: boolean; readonly mayBeSent?: MayBeSent | undefined } = {},
  ): Promise<{ readonly answer: HttpAnswer; readonly used: ServerSession }> => {
    const used = await session();
    if (used === null) {
      throw protocolViolation(name, 'it knows no handshake');
    }
    const answer = await post(message, used.headers, signal, idleTimeoutMs, mayBeSent);
    if (!isRetry && mayMeanLostSession(answer.status) && (await forgetLostSession(used))) {
      discard(answer);
      return postInSession(message, signal, { isRetry: true, mayBeSent });
    }
    return { answer, used };
  };

  /** Posts a request of the stateless version. Throws NotSent if the server no longer supports that version. */
  const postToNewer: typeof postStateless = async (request, own, signal) => {
    const answer = await postStateless(request, own, signal);
    if (!mayMeanLostSession(answer.status) || (await isStillStateless())) {
      return answer;
    }
    discard(answer);
    throw request.mayBeSent === undefined
      ? new ServerFailed(name, 'unavailable', 'speaks another protocol version than before; ask again.')
      : new NotSent();
  };

  return { isCurrent, forgetLostSession, postInSession, postToNewer };
}
