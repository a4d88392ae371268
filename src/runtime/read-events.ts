import { StringDecoder } from 'node:string_decoder';
import { createParser } from 'eventsource-parser';
import { isTurnOver, nextRank, nextTurn } from '../base/event-loop-turns.ts';
import { type HeldMemory, SMALL_BYTES } from '../base/memory-budget.ts';

/** One event of a stream: its type, `message` where it names none; its data; and the id that a client resumes from. */
export type StreamEvent = { readonly event: string; readonly data: string; readonly id: string | undefined };

/** What is held of a stream: the event whose end has not come, and one that is read, with its value. */
export type EventLimits = {
  /** Characters that one event may have. */
  readonly longest: number;
  readonly held: HeldMemory;
  /** Bytes that the data of an event counts that has come whole: its text, or the value where it is parsed meanwhile. */
  readonly bytesOf: (data: string) => number;
};

/** Characters that are read before others have their turn: a server can send as fast as it is read. */
const MAX_SLICE_CHARS = 16 * 1024;
/** Lines that one event may have: the parser holds each as a string of its own until the event ends. */
const MAX_EVENT_LINES = 100_000;

/**
 * The events of a stream, in UTF-8 (WHATWG HTML, "Interpreting an event stream"). Comments, retry times and events
 * without data are passed over; as much as one event may have of them is too long, too. A stream that ends without the
 * last empty line has its last event nevertheless. Throws a RangeError for an event that is too long or has more than
 * 100,000 lines, and OverBudget.
 */
export async function* readEvents(
  chunks: AsyncIterable<Buffer>,
  { longest, held, bytesOf }: EventLimits,
): AsyncGenerator<StreamEvent> {
  const events: StreamEvent[] = [];
  let id: string | undefined;
  const parser = createParser({
    onId: (named) => {
      id = named;
    },
    onEvent: ({ event = 'message', data }) => events.push({ event, data, id }),
  });
  const decoder = new StringDecoder('utf8');
  const rank = nextRank();
  /** Characters, and line ends, from the slice on in which the last event ended. */
  let size = 0;
  let lineEnds = 0;
  for await (const chunk of chunks) {
    for (const slice of slicesOf(decoder.write(chunk))) {
      const lineEndsOfSlice = slice.match(/\r\n?|\n/g)?.length ?? 0;
      size += slice.length;
      lineEnds += lineEndsOfSlice;
      if (size > longest) {
        throw new RangeError(`an event is longer than ${longest} characters`);
      }
      if (lineEnds > MAX_EVENT_LINES) {
        throw new RangeError(`an event has more than ${MAX_EVENT_LINES} lines`);
      }
      if (size > SMALL_BYTES && !held.tryResize(size)) {
        await held.waitToResize(size);
      }
      if (isTurnOver()) {
        await nextTurn(held.holder, rank);
      }
      parser.feed(slice);
      if (events.length === 0) {
        continue;
      }
      for (const event of events.splice(0)) {
        const bytes = bytesOf(event.data);
        if (bytes > 0) {
          await held.waitToResize(size + bytes);
        }
        yield event;
      }
      if (held.bytes > 0) {
        held.resize(0);
      }
      size = slice.length;
      lineEnds = lineEndsOfSlice;
    }
  }
  // Lenient where the standard is not: a server that ends without the last empty line has said what it says.
  parser.feed('\n\n');
  yield* events;
}

function* slicesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += MAX_SLICE_CHARS) {
    yield text.length <= MAX_SLICE_CHARS ? text : text.slice(at, at + MAX_SLICE_CHARS);
  }
}
