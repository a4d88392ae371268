import type { CallToolResult } from '@modelcontextprotocol/client';
import { isObject } from '../base/is-object.ts';
import { SMALL_BYTES } from '../base/memory-budget.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { memoryOf } from '../http/memory.ts';
import { parseStringified } from '../tools/stringified.ts';
import type { Call } from './call.ts';
import { type RequestMessage, RpcError } from './message.ts';
import { META_TOOL_NAMES, META_TOOLS } from './meta-tools.ts';
import type { Outcome } from './outcome.ts';
import { readSchemas } from './read-schemas.ts';
import { sendResult } from './reply.ts';
import { argumentsOf, completeResult, type Result, ToolRefused } from './results.ts';
import { searchTools, suggestTool } from './search-tools.ts';
import type { Served } from './served.ts';
import type { ShownTools } from './shown-tools.ts';

/** The tools that an endpoint shows, and members of `_meta` about them. */
export type Seen = { readonly shown: ShownTools; readonly meta: Result };

type ToolCall = Call<Served['source'], RequestMessage>;

/** The maximum size of a message whose texts are parsed where an argument must not be a text: models send JSON as text. */
const MAX_PARSED_BYTES = 100_000;
/** Bytes of memory for each character of an answer: its text, once more as JSON in JSON, and as it is written. */
const BYTES_PER_CHAR = 4;

/**
 * Answers a `tools/call` to an endpoint in discovery mode. `search_tools` and `get_tool_schema` are answered from the tools
 * that the endpoint shows. `call_tool` and `call_read_tool` become the call of the tool that they name, and `run` decides
 * about it and answers it as if the client had called that tool itself. Mistakes in arguments are results, which models
 * read. Throws like `run`, and an RpcError for every other name.
 */
export async function callMetaTool<C extends ToolCall>(
  call: C,
  see: () => Promise<Seen>,
  run: (inner: C) => Promise<Outcome>,
): Promise<Outcome> {
  const { name } = call.message.params;
  const tool = META_TOOLS.find((one) => one.name === name);
  if (tool === undefined) {
    throw notByName();
  }
  try {
    const given = argumentsOf(call.message.params);
    // A longer text could hold more values than a message may have.
    const isShort = call.message.json.length <= MAX_PARSED_BYTES;
    const args = isShort ? parseStringified(tool.inputSchema, given) : given;
    requireKnown(tool.name, args, Object.keys(tool.inputSchema.properties ?? {}));
    switch (tool.name) {
      case META_TOOL_NAMES.search:
        await sendValue(call, await see(), async ({ shown }) => searchTools(await shown.index(), args));
        return null;
      case META_TOOL_NAMES.schema:
        await sendValue(call, await see(), ({ shown }) => readSchemas(shown, args));
        return null;
      default:
        return await run(innerCall(call, args, tool.name === META_TOOL_NAMES.callRead));
    }
  } catch (error) {
    if (!(error instanceof ToolRefused)) {
      throw error;
    }
    const hint = error.unknown === undefined ? '' : await suggestTool((await see()).shown, error.unknown);
    send(call, { content: [{ type: 'text', text: `${error.message}${hint}` }], isError: true });
    return null;
  }
}

/** The error for the name of any other tool: it must not tell which of them exist. */
const notByName = (): RpcError =>
  new RpcError(
    RPC_ERROR_CODES.invalidParams,
    'This endpoint takes no calls of tools by their names. Find the tool with search_tools, and call it with call_tool.',
  );

/** Throws for an argument that a meta-tool does not have: models put the arguments of the tool beside its name. */
function requireKnown(name: string, args: Result, known: readonly string[]): void {
  const unknown = Object.keys(args).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const inside = known.includes('arguments') ? ' The arguments of the tool belong into `arguments`.' : '';
    const shown = JSON.stringify(unknown.slice(0, 64));
    throw new ToolRefused(`${name} has no argument ${shown}. It has: ${known.join(', ')}.${inside}`);
  }
}

/** Returns the call of the tool that a meta-tool names. Throws ToolRefused. */
function innerCall<C extends ToolCall>(call: C, { tool_name: name, arguments: args }: Result, onlyReads: boolean): C {
  if (typeof name !== 'string') {
    throw new ToolRefused('`tool_name` must be the name of a tool, as search_tools answers it.');
  }
  // Null counts as absent, as it does in a call of the tool itself.
  const isAbsent = args === undefined || args === null;
  if (!isAbsent && !isObject(args)) {
    throw new ToolRefused('`arguments` must be an object with the arguments of the tool, not a text or a list.');
  }
  const { id, method, params } = call.message;
  const { arguments: _, ...others } = params;
  const ofTool = { ...others, name, ...(!isAbsent && { arguments: args }) };
  const json = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params: ofTool }));
  const message = { ...call.message, params: ofTool, hasNullArguments: args === null, json };
  return { ...call, message, inner: { onlyReads } };
}

async function sendValue(call: ToolCall, seen: Seen, make: (seen: Seen) => Promise<object>): Promise<void> {
  const text = JSON.stringify(await make(seen));
  if (text.length > SMALL_BYTES) {
    await memoryOf(call.request)
      .hold('answers', 0)
      .waitToResize(BYTES_PER_CHAR * text.length, call.signal);
  }
  send(call, { content: [{ type: 'text', text }] }, seen.meta);
}

function send({ era, request, response, message }: ToolCall, result: CallToolResult, meta: Result = {}): void {
  const whole: Result = { ...result, ...(Object.keys(meta).length > 0 && { _meta: meta }) };
  sendResult(request, response, message.id, era === 'stateless' ? completeResult(whole) : whole);
}
