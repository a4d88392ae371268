import type { EventId, EventStore, JSONRPCMessage, StreamId } from '@modelcontextprotocol/server';

/** Remembers what the streams of one session have carried, for clients that come back with `Last-Event-ID`. */
export function createEventStore(): EventStore {
  // The id of an event is its place: unique within the session, as the protocol wants it.
  const events: { readonly streamId: StreamId; readonly message: JSONRPCMessage }[] = [];
  const streamOf = (id: EventId) => events[Number(id)]?.streamId;
  return {
    storeEvent: async (streamId, message) => String(events.push({ streamId, message }) - 1),
    getStreamIdForEventId: async (id) => streamOf(id),
    async replayEventsAfter(lastEventId, { send }) {
      const stream = streamOf(lastEventId) ?? '';
      for (const [place, { streamId, message }] of events.entries()) {
        // What primes a stream is stored too, and carries no message.
        if (place > Number(lastEventId) && streamId === stream && 'jsonrpc' in message) {
          await send(String(place), message);
        }
      }
      return stream;
    },
  };
}
