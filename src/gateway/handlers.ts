import type { ServerResponse } from 'node:http';
import type { GatewayOperationId } from '../../generated/raw-operations.ts';
import { ApiError } from '../base/errors.ts';
import { OverBudget } from '../base/memory-budget.ts';
import { MemoryScope } from '../base/memory-scope.ts';
import { workFor } from '../base/work-owner.ts';
import type { Deps } from '../deps.ts';
import { bearer } from '../http/authenticate.ts';
import type { Identified } from '../http/context.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { scopeKey } from '../tools/scope.ts';
import type { EndpointRequest } from './call.ts';
import { isFromBrowser, sendConnectPage } from './connect-page.ts';
import { createEndpoints, noSuchEndpoint } from './endpoints.ts';
import { createInFlight, mostInFlight, type RequestInFlight } from './in-flight.ts';
import { createRenewable } from './renewable.ts';
import { sendMessage } from './send-message.ts';
import type { Served } from './served.ts';
import { endSession, openStream } from './streams.ts';

/** Answers a request of an MCP client; `token` comes from the path. */
type Handler = (request: Identified, response: ServerResponse, token: string | undefined) => Promise<void>;

/** Creates the handlers of the gateway operations. */
export function gatewayHandlers(deps: Deps, limit: RateLimit): Readonly<Record<GatewayOperationId, Handler>> {
  const endpoints = createEndpoints(deps);
  const live = createInFlight(mostInFlight(deps.descriptors));

  /** Wraps `serve` for the endpoint of a token, and ends it when the token becomes invalid. */
  const forEndpoint =
    (place: 'path' | 'bearer', serve: (deps: Deps, asked: EndpointRequest) => Promise<void>): Handler =>
    async (request, response, inPath) => {
      const [token, apiToken] = place === 'path' ? [inPath, bearer(request)] : [bearer(request), undefined];
      const find = () => (token === undefined ? null : endpoints.find(token, apiToken));
      const changes = deps.store.changes();
      const finding = find();
      // Usually the endpoint is cached, and there is nothing to wait for.
      const found = finding instanceof Promise ? await finding : finding;
      if (found === null) {
        throw noSuchEndpoint(token !== undefined);
      }
      const { renew, isCurrent } = createRenewable(deps, find, { served: found, changes });
      const counting = limit(found.endpoint.id);
      if (counting !== undefined) {
        await counting;
      }
      let isStillServed = (_: Served): boolean => true;
      const exchange = live.begin(found.endpoint, async () => {
        const served = await find();
        return served !== null && isStillServed(served);
      });
      if (exchange === null) {
        throw new ApiError(
          'rate_limited',
          'This endpoint, or its organization, has as many requests under way as it may have.',
          { retryAfterSeconds: 1 },
        );
      }
      response.once('close', () => {
        exchange.end(!response.writableFinished);
        request.memory?.release();
      });
      if (response.closed) {
        // The client left during the lookup of its token: no event will report it any more.
        exchange.end(true);
        return;
      }
      try {
        request.memory = new MemoryScope(deps.budget, found.organizationId, () => letGo(exchange, response));
        const listen = (): void => {
          const scope = scopeKey(found.endpoint.config);
          isStillServed = ({ endpoint }) => scopeKey(endpoint.config) === scope;
        };
        const { signal } = exchange;
        const counted = {
          nameIt: (id: string, end?: () => void): void => exchange.nameIt(id, end),
          hold: () => exchange.hold(),
          cancel: (id: string): void => live.cancel(found.endpoint, id),
          count: () => limit(found.endpoint.id),
        };
        const asked = { ...found, ...counted, renew, isCurrent, listen, request, response, signal };
        await workFor(found.organizationId, () => serve(deps, asked));
      } catch (error) {
        const hasEnded = exchange.signal.aborted || deps.stopping.aborted;
        // A refusal is also answered if the endpoint was found deleted before the complete request had arrived.
        if (hasEnded && !(error instanceof OverBudget || error instanceof ApiError)) {
          response.destroy();
          return;
        }
        throw error;
      }
    };

  const listen = forEndpoint('path', openStream);
  const show = forEndpoint('path', sendConnectPage);
  return {
    sendToEndpoint: forEndpoint('path', sendMessage),
    openEndpointStream: (request, response, token) =>
      (isFromBrowser(request) ? show : listen)(request, response, token),
    endEndpointSession: forEndpoint('path', endSession),
    sendWithBearer: forEndpoint('bearer', sendMessage),
    openStreamWithBearer: forEndpoint('bearer', openStream),
    endSessionWithBearer: forEndpoint('bearer', endSession),
  };
}

/** Ends a request whose memory another holder needs: with an error if no part of the answer was sent. */
function letGo(exchange: RequestInFlight, response: ServerResponse): void {
  exchange.abort(new OverBudget('share'));
  if (response.headersSent) {
    response.destroy();
  }
}
