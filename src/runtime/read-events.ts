import { StringDecoder } from 'node:string_decoder';
import { createParser } from 'eventsource-parser';
import { isTurnOver, nextRank, nextTurn } from '../base/event-loop-turns.ts';
import { type HeldMemory, SMALL_BYTES } from '../base/memory-budget.ts';

/** One event of a stream: its type (`message` by default), its data, and the id for resuming after it. */
export type StreamEvent = { readonly event: string; readonly data: string; readonly id: string | undefined };

/** The limits and the memory of a stream: the unfinished event, and the event that is read, with its value. */
export type EventLimits = {
  /** The maximum number of characters of one event. */
  readonly longest: number;
  readonly held: HeldMemory;
  /** Returns the bytes to count for the data of a complete event: its text, or its value if the reader parses it. */
  readonly bytesOf: (data: string) => number;
};

/** Characters to read before other work runs: a server can send as fast as it is read. */
const MAX_SLICE_CHARS = 16 * 1024;
/** The maximum number of lines of one event: the parser keeps each line as a separate string. */
const MAX_EVENT_LINES = 100_000;

/**
 * Reads the events of a stream in UTF-8 (WHATWG HTML, "Interpreting an event stream"). Skips comments, retry times
 * and events without data; their size counts too. A stream without the last empty line still yields its last event.
 * Throws a RangeError for an event that is too long or has more than 100,000 lines, and OverBudget.
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
  /** The characters and line ends since the slice in which the last event ended. */
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
  // More lenient than the standard: a server may leave out the last empty line.
  parser.feed('\n\n');
  yield* events;
}

function* slicesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += MAX_SLICE_CHARS) {
    yield text.length <= MAX_SLICE_CHARS ? text : text.slice(at, at + MAX_SLICE_CHARS);
  }
}
