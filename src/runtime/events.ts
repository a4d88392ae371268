import { StringDecoder } from 'node:string_decoder';
import { isTurnOver, nextRank, nextTurn } from '../base/breathe.ts';
import { type Held, SMALL_BYTES } from '../base/memory-budget.ts';

/** One event of a stream: its type, `message` where it names none; its data; and the id that a client resumes from. */
export type StreamEvent = { readonly event: string; readonly data: string; readonly id: string | undefined };

/** What is held of a stream: the event whose end has not come, and one that is read, with its value. */
export type EventRoom = {
  /** Characters that one event may have. */
  readonly longest: number;
  readonly held: Held;
  /** Bytes that the data of an event counts that has come whole: its text, or the value where it is parsed meanwhile. */
  readonly bytesOf: (data: string) => number;
};
/** Characters, and lines, that are read before others have their turn: a server can send as fast as it is read. */
const TURN_CHARACTERS = 64 * 1024;
const TURN_LINES = 256;
/** Lines of data that one event may have: each is a string of its own until the event ends. */
const MOST_LINES = 100_000;
/** The type of events that name none. */
const UNNAMED = 'message';

/**
 * The events of a stream, in UTF-8 (WHATWG HTML, "Interpreting an event stream"). Comments, retry times and events
 * without data are passed over; as much as one event may have of them is too long, too. Throws a RangeError for an event
 * that is too long or has more than 100,000 lines of data, and OverBudget.
 */
export async function* readEvents(
  chunks: AsyncIterable<Buffer>,
  { longest, held, bytesOf }: EventRoom,
): AsyncGenerator<StreamEvent> {
  const decoder = new StringDecoder('utf8');
  // The pieces of a line whose end has not come; joined once, for a line may come in thousands.
  let rest: string[] = [];
  let data: string[] = [];
  let event = '';
  let id: string | undefined;
  let size = 0;
  /** Characters since the last event, and since others had their turn. */
  let passedOver = 0;
  let inTurn = 0;
  let linesInTurn = 0;
  const rank = nextRank();
  let isStart = true;
  for await (const chunk of chunks) {
    let text = decoder.write(chunk);
    if (isStart && text !== '') {
      isStart = false;
      text = text.replace(/^\ufeff/, '');
    }
    size += text.length;
    passedOver += text.length;
    inTurn += text.length;
    if (inTurn > TURN_CHARACTERS) {
      inTurn = 0;
      if (isTurnOver()) {
        await nextTurn(held.holder, rank);
      }
    }
    if (Math.max(size, passedOver) > longest) {
      throw new RangeError(`an event is longer than ${longest} characters`);
    }
    if (size > SMALL_BYTES && !held.tryResize(size)) {
      await held.reach(size);
    }
    rest.push(text);
    if (!/[\r\n]/.test(text)) {
      continue;
    }
    const lines = rest.join('').split(/\r\n|\n|\r(?!$)/);
    rest = [lines.pop() ?? ''];
    for (const line of lines) {
      linesInTurn += 1;
      if (linesInTurn > TURN_LINES) {
        linesInTurn = 0;
        if (isTurnOver()) {
          await nextTurn(held.holder, rank);
        }
      }
      if (line === '') {
        if (data.length > 0) {
          const whole = data.join('\n');
          const bytes = bytesOf(whole);
          if (bytes > 0) {
            await held.reach(size + bytes);
          }
          passedOver = 0;
          yield { event: event || UNNAMED, data: whole, id };
        }
        data = [];
        event = '';
        size = rest[0]?.length ?? 0;
        if (held.bytes > 0) {
          held.resize(size > SMALL_BYTES ? size : 0);
        }
        continue;
      }
      const { field, value } = fieldOf(line);
      if (field === 'data') {
        if (data.push(value) > MOST_LINES) {
          throw new RangeError(`an event has more than ${MOST_LINES} lines of data`);
        }
      } else if (field === 'event') {
        event = value;
      } else if (field === 'id') {
        id = value;
      }
    }
  }
  // Lenient where the standard is not: a server that ends without the last empty line has said what it says.
  const { field, value } = fieldOf(rest.join('').replace(/\r$/, ''));
  if (field === 'data') {
    data.push(value);
  }
  if (data.length > 0) {
    yield { event: event || UNNAMED, data: data.join('\n'), id };
  }
}

function fieldOf(line: string): { field: string; value: string } {
  const colon = line.indexOf(':');
  if (colon === -1) {
    return { field: line, value: '' };
  }
  const start = line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1;
  return { field: line.slice(0, colon), value: line.slice(start) };
}
