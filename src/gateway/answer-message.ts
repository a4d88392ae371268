import { NotSent } from '../base/not-sent.ts';
import type { Deps } from '../deps.ts';
import { answerByServer } from './answer-by-server.ts';
import { answerByService } from './answer-by-service.ts';
import { answerUnapproved, type Holding } from './answer-unapproved.ts';
import type { Asking, Call, EndpointRequest } from './call.ts';
import { noSuchEndpoint } from './endpoints.ts';
import { eraOf } from './eras.ts';
import type { Message } from './message.ts';
import type { Outcome } from './outcome.ts';
import { Unapproved } from './require-approval.ts';
import type { Served } from './served.ts';

/**
 * Answers a message with the current endpoint of its token, because the body may have taken its time. A change before
 * the message is sent makes it decided again, so that the change applies at once; so does the approval of a call that
 * was held. Throws an RpcError, ServerFailed, AnswerFailed or ApiError.
 */
export async function answerMessage(
  deps: Deps,
  asked: EndpointRequest,
  message: Message,
  holding: Omit<Holding, 'round'>,
): Promise<Outcome> {
  const asking: Asking = { earlier: null, round: null };
  for (;;) {
    const renewed = asked.renew();
    const served = renewed instanceof Promise ? await renewed : renewed;
    if (served === null) {
      throw noSuchEndpoint();
    }
    try {
      return await answerBy(deps, { ...asked, response: holding.place.response }, served, message, asking);
    } catch (error) {
      const isHeld = error instanceof Unapproved;
      if (!isHeld && !(error instanceof NotSent)) {
        throw error;
      }
      const round = asking.round?.kind === 'waits' ? asking.round : null;
      const outcome = isHeld ? await answerUnapproved(deps, asked, message, error, { ...holding, round }) : null;
      if (outcome !== null) {
        return outcome;
      }
    }
  }
}

function answerBy(
  deps: Deps,
  asked: EndpointRequest,
  served: Served,
  message: Message,
  asking: Asking,
): Promise<Outcome> {
  const { request, response, signal, isCurrent } = asked;
  const { endpoint, organizationId, source } = served;
  const era = eraOf(message, request.headers);
  if (message.method === 'subscriptions/listen') {
    asked.listen();
  }
  const call: Omit<Call, 'source'> = {
    endpoint,
    organizationId,
    message,
    era,
    request,
    response,
    signal,
    asking,
    mayBeSent: isCurrent,
  };
  return source.kind === 'service'
    ? answerByService(deps, { ...call, source })
    : answerByServer(deps, { ...call, source });
}
