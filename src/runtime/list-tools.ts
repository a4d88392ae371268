import { hash } from 'node:crypto';
import { createYielding } from '../base/event-loop-turns.ts';
import { measureJson } from '../base/fast/measure-json.ts';
import { isObject } from '../base/is-object.ts';
import { parseJson } from '../base/json.ts';
import { parsedBytes, roomInSteps } from '../base/parsed-bytes.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { splitJson } from '../base/split-json.ts';
import { Unparsed } from '../base/unparsed.ts';
import type { Connection } from './connection.ts';
import type { Definition } from './hash-definition.ts';
import { maskOf } from './mask.ts';
import { protocolViolation } from './messages.ts';

/** The maximum number of pages of one list, and of characters of all its tools. */
const MAX_PAGES = 1000;
const MAX_LIST_CHARS = 16 * 1024 * 1024;
/** The maximum number of values of one tool, and of all tools: each value is hashed, written and compared. */
const MAX_TOOL_VALUES = 10_000;
const MAX_LIST_VALUES = 1_000_000;
/** The maximum number of tools of one page that is not parsed as a whole. */
const MAX_TOOLS = 100_000;
/** The maximum number of named faults, and of characters of a name in them. */
const MAX_NAMED_TOOLS = 20;
const MAX_SHOWN_NAME_CHARS = 64;
/** The maximum number of characters of a tool name; 2025-11-25 recommends at most 128. */
const MAX_NAME_CHARS = 1024;

/** The tools that a server lists. */
export type ListedTools = {
  readonly tools: readonly Definition[];
  /** The size of the tools in memory. */
  readonly bytes: number;
  /** The tools that were left out, and the reasons, in words for people. */
  readonly leftOut: readonly string[];
  /** The protocol version of the request. */
  readonly protocolVersion: string;
};

/**
 * Lists all tools of a server, page by page, in its order; none if it does not support tools. Leaves out tools
 * without a name, tools whose input is no object, tools with more than 10,000 values, and repeated names after the first.
 * Adds the type to an input schema without one. A cursor that comes a second time ends the list. Masks
 * secrets of servers of the operator. Other work runs between two tools. Waits for `room` for the bytes. Throws
 * ServerFailed, the reason of the signal, or the errors of `room`.
 */
export async function listTools(
  connection: Connection,
  signal: AbortSignal,
  room: (bytes: number) => Promise<void>,
): Promise<ListedTools> {
  const server = connection.target.name;
  const mask = maskOf(connection.target);
  const { era, facts } = await connection.introduce();
  const tools = new Map<string, Definition>();
  const leftOut: string[] = [];
  const yieldTurn = createYielding();
  let size = 0;
  let values = 0;
  let bytes = 0;
  /** The bytes of the tools that are not part of a held message. */
  let own = 0;
  let count = 0;
  let cursor: unknown;
  const roomFor = roomInSteps(room);
  const isRepeated = createRepetitionCheck();
  const takePage = async (result: Readonly<Record<string, unknown>>): Promise<void> => {
    const listed = await itemsOf(server, result.tools);
    if (listed === null) {
      throw protocolViolation(server, 'its list of tools is none');
    }
    for (const item of listed) {
      count += 1;
      const said = item instanceof Unparsed ? item.text() : JSON.stringify(item);
      const text = mask === null ? said : await mask.result(said);
      const ownValues = measureJson(text, MAX_TOOL_VALUES).values;
      const isLarge = ownValues > MAX_TOOL_VALUES;
      const isAsParsed = text === said && !(item instanceof Unparsed);
      const tool = isAsParsed || isLarge ? item : parseJson(text);
      const fault = isLarge ? `tool ${count} has more than ${MAX_TOOL_VALUES} values` : faultOf(tool, count, tools);
      if (fault === null) {
        bytes += parsedBytes(text);
        // A tool that was parsed with its message is held with the message until the page is read.
        own += isAsParsed ? 0 : parsedBytes(text);
        await roomFor(own);
        tools.set((tool as Definition).name, withTypedSchema(tool as Definition));
        size += text.length;
        values += ownValues;
      } else if (leftOut.length < MAX_NAMED_TOOLS) {
        leftOut.push(fault);
      }
      if (size > MAX_LIST_CHARS) {
        throw protocolViolation(server, `its tools are larger than ${MAX_LIST_CHARS} characters`);
      }
      if (values > MAX_LIST_VALUES) {
        throw protocolViolation(server, `its tools hold more than ${MAX_LIST_VALUES} values`);
      }
      await yieldTurn();
    }
    cursor = result.nextCursor ?? undefined;
    if (cursor !== undefined && isRepeated(cursor)) {
      cursor = undefined;
      leftOut.push('its list goes on with a cursor that it has used before: what comes after is not read');
    }
  };
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const params = cursor === undefined ? {} : { cursor };
    await withResult(connection, takePage, { id: 0, method: 'tools/list', params }, era, signal);
    own = bytes;
    await roomFor(own);
    if (cursor === undefined) {
      return { tools: [...tools.values()], bytes, leftOut, protocolVersion: facts.protocolVersion };
    }
  }
  throw protocolViolation(server, `its list of tools has more than ${MAX_PAGES} pages`);
}

/** Creates a function that says whether it was given an equal value before. It keeps digests: a cursor can be long. */
function createRepetitionCheck(): (value: unknown) => boolean {
  const digests = new Set<string>();
  return (value) => {
    const digest = hash('sha256', JSON.stringify(value));
    const isRepeated = digests.has(digest);
    digests.add(digest);
    return isRepeated;
  };
}

/** Returns the items of a list, unparsed if the list is; null for anything else. Throws ServerFailed. */
async function itemsOf(server: string, tools: unknown): Promise<readonly unknown[] | null> {
  if (!(tools instanceof Unparsed)) {
    return Array.isArray(tools) ? tools : null;
  }
  const whole = await splitJson(tools.text(), { levels: 1, mostParts: MAX_TOOLS });
  if (whole === 'too many') {
    throw protocolViolation(server, `it lists more than ${MAX_TOOLS} tools at once`);
  }
  return whole !== 'no JSON' && whole.kind === 'list' ? whole.parts.map(({ text }) => new Unparsed(text)) : null;
}

/** Returns the reason why a tool cannot be offered, or null. `count` is its place in the list, from 1. */
function faultOf(tool: unknown, count: number, before: ReadonlyMap<string, unknown>): string | null {
  if (!isObject(tool) || typeof tool.name !== 'string' || tool.name === '') {
    return `tool ${count} has no name`;
  }
  const named = `tool ${count} (${tool.name.slice(0, MAX_SHOWN_NAME_CHARS)})`;
  if (tool.name.length > MAX_NAME_CHARS) {
    return `${named} has a name of more than ${MAX_NAME_CHARS} characters`;
  }
  const { inputSchema = null } = tool;
  if (inputSchema !== null && !(isObject(inputSchema) && (inputSchema.type ?? 'object') === 'object')) {
    return `${named} has an input schema of no object`;
  }
  return before.has(tool.name) ? `${named} has the name of one before it` : null;
}

/**
 * Gives the input schema of a tool the type that the protocol requires, if it lacks it. Clients refuse the whole list for
 * one tool without it.
 */
const withTypedSchema = (tool: Definition): Definition =>
  isObject(tool.inputSchema) && tool.inputSchema.type === 'object'
    ? tool
    : { ...tool, inputSchema: { ...(tool.inputSchema as object | null), type: 'object' } };

/** Uses the result of a request while the connection holds its message. */
async function withResult(
  connection: Connection,
  use: (result: Readonly<Record<string, unknown>>) => Promise<void>,
  ...request: Parameters<Connection['send']>
): Promise<void> {
  const server = connection.target.name;
  for await (const { method, result, error } of connection.send(...request)) {
    if (method === undefined) {
      if (isObject(result)) {
        await use(result);
        return;
      }
      if (isObject(error) && error.code === RPC_ERROR_CODES.methodNotFound) {
        await use({ tools: [] });
        return;
      }
      const code = isObject(error) && typeof error.code === 'number' ? ` (${error.code})` : '';
      throw protocolViolation(server, `it answered ${request[0].method} with an error${code}`);
    }
  }
  throw protocolViolation(server, 'it did not answer');
}
