import { type EventPosition, followEvents, positionAfter } from '../approvals/follow-events.ts';
import { readJson } from '../base/read-json.ts';
import { writeWithBackpressure } from '../base/write-with-backpressure.ts';
import type { RawHandlers } from '../contract/register.ts';
import type { Deps } from '../deps.ts';
import { beginEvents } from '../gateway/reply.ts';
import { whenClosed } from '../http/when-closed.ts';
import type { ApprovalEvent } from '../store/approval-events.ts';
import { StoreUnavailable } from '../store/store.ts';
import { createPlaces } from './places.ts';
import { keyPairOf } from './wire.ts';

/** Streams of one organization at the same time. */
const MAX_STREAMS = 32;

/** Creates the handler of the stream of approval events (Servers API). */
export const approvalEventHandlers = (
  deps: Pick<Deps, 'store' | 'publicUrl' | 'stopping'>,
): Pick<RawHandlers, 'streamApprovalEvents'> => {
  const streams = createPlaces(MAX_STREAMS, 'streams of approval events');
  return {
    streamApprovalEvents: async (request, response) => {
      const { organizationId } = keyPairOf(request.caller);
      using _place = streams.take(organizationId);
      const position = await positionAfter(deps.store, organizationId, request.get('Last-Event-ID') ?? null);
      const closed = new AbortController();
      whenClosed(response, () => closed.abort());
      beginEvents(response);
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      response.write(beginning(position));
      try {
        const signal = AbortSignal.any([closed.signal, deps.stopping]);
        for await (const event of followEvents(deps.store, position, signal)) {
          // Before each event: a credential that was taken back is told nothing more.
          if ((await request.isStillAllowed?.()) !== true) {
            break;
          }
          await writeWithBackpressure(response, textOf(event, deps.publicUrl));
        }
      } catch (error) {
        // The client connects again, and goes on after its last event.
        if (!(error instanceof StoreUnavailable)) {
          throw error;
        }
      }
      response.end();
    },
  };
};

/** The beginning of a stream: a client that reconnects before the first event goes on from here. */
const beginning = ({ eventId }: EventPosition): string =>
  eventId === null ? ': connected\n\n' : `: connected\nid: ${eventId}\n\n`;

/** Writes an event for the stream, with the page of its request below `publicUrl`; a comment where there is none. */
function textOf(event: ApprovalEvent | null, publicUrl: string): string {
  if (event === null) {
    return ': nothing new\n\n';
  }
  const { id, ...facts } = readJson(event.payload) as { readonly id: string };
  const data = { id, url: `${publicUrl}/console/approvals/${id}`, ...facts };
  return `id: ${event.id}\nevent: ${event.type.slice('approval.'.length)}\ndata: ${JSON.stringify(data)}\n\n`;
}
