import { formatInstant } from '../base/instants.ts';
import type { Deps } from '../deps.ts';
import type { Era } from '../runtime/protocol.ts';
import type { ToolsSeen } from '../runtime/tool-catalogue.ts';
import type { Call } from './call.ts';
import type { Seen } from './call-meta-tool.ts';
import { lastListed, nextCursorOf } from './list-cursor.ts';
import type { RequestMessage } from './message.ts';
import { isInDiscovery, listMetaTools } from './meta-tools.ts';
import { listUser, sendList, sendResult } from './reply.ts';
import { completeResult, type Result, UNCACHED } from './results.ts';
import type { ServedServer } from './served.ts';
import type { UsedToolList } from './tool-lists.ts';

/** The required freshness of the tools for `tools/list`, in milliseconds. */
export const LIST_FRESHNESS = { maxAgeMs: 5000, waitMs: 2000 };

/** Answers `tools/list` from the catalogue of the server, which need not be connected; in discovery mode without it. */
export async function listTools(deps: Deps, call: Call<ServedServer, RequestMessage>): Promise<void> {
  const { endpoint, era, message, request, response, signal } = call;
  if (isInDiscovery(endpoint)) {
    const tools = listMetaTools(message.params);
    sendResult(request, response, message.id, { tools, ...besidesOf(era) });
    return;
  }
  const found = await listed(deps, call);
  using list = found.list;
  await sendList(request, response, signal, { id: message.id, list, besides: found.besides });
}

const besidesOf = (era: Era): Result => (era === 'stateless' ? completeResult(UNCACHED) : {});

/** Returns the parts of the result. The tools themselves are not kept while a slow client reads the list. */
async function listed(
  deps: Deps,
  { endpoint, source, era, message, response, signal }: Call<ServedServer>,
): Promise<{ readonly list: UsedToolList; readonly besides: Result }> {
  const after = lastListed(endpoint, message.params);
  const { tools, shown, meta } = await seeTools(deps, source);
  const list = await shown.list(after, listUser(response, signal));
  const { name } = source.server;
  const all = {
    ...meta,
    ...(list.count === 0 &&
      after === undefined && {
        'gatehouse/empty':
          tools.length === 0
            ? `The MCP server '${name}' lists no tools.`
            : `None of the ${tools.length} tools of the MCP server '${name}' passes the scope of this endpoint.`,
      }),
  };
  const besides = {
    ...nextCursorOf(endpoint, list),
    ...besidesOf(era),
    ...(Object.keys(all).length > 0 && { _meta: all }),
  };
  return { list, besides };
}

/**
 * Returns the tools from the catalogue of the server, and whether they are stale. Throws ServerFailed if the server has
 * never listed any.
 */
export async function seeTools({ runtime }: Deps, source: ServedServer): Promise<Seen & Pick<ToolsSeen, 'tools'>> {
  const { tools, seenAt, failure } = await runtime.tools(source.server, LIST_FRESHNESS);
  const stale = failure !== null && { seen_at: formatInstant(seenAt), reason: failure.message };
  return { tools, shown: source.shown(tools), meta: stale === false ? {} : { 'gatehouse/stale': stale } };
}
