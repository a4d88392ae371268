import { formatInstant } from '../base/instants.ts';
import type { Deps } from '../deps.ts';
import type { Call } from './call.ts';
import type { RequestMessage } from './message.ts';
import { listUser, sendList } from './reply.ts';
import { type Result, UNCACHED } from './results.ts';
import type { ServedServer } from './served.ts';
import type { UsedToolList } from './tool-lists.ts';

/** The required freshness of the tools for `tools/list`, in milliseconds. */
export const LIST_FRESHNESS = { maxAgeMs: 5000, waitMs: 2000 };

/** Answers `tools/list` from the catalogue of the server, which need not be connected. */
export async function listTools(deps: Deps, call: Call<ServedServer, RequestMessage>): Promise<void> {
  const { message, request, response, signal } = call;
  const found = await listed(deps, call);
  using list = found.list;
  await sendList(request, response, signal, { id: message.id, list, besides: found.besides });
}

/** Returns the parts of the result. The tools themselves are not kept while a slow client reads the list. */
async function listed(
  deps: Deps,
  { source, era, response, signal }: Call<ServedServer>,
): Promise<{ readonly list: UsedToolList; readonly besides: Result }> {
  const { name } = source.server;
  const { tools, seenAt, failure } = await deps.runtime.tools(source.server, LIST_FRESHNESS);
  const list = await source.list(tools, listUser(response, signal));
  const meta = {
    ...(failure !== null && { 'gatehouse/stale': { seen_at: formatInstant(seenAt), reason: failure.message } }),
    ...(list.count === 0 && {
      'gatehouse/empty':
        tools.length === 0
          ? `The MCP server '${name}' lists no tools.`
          : `None of the ${tools.length} tools of the MCP server '${name}' passes the scope of this endpoint.`,
    }),
  };
  const besides = {
    ...(era === 'stateless' && { resultType: 'complete', ...UNCACHED }),
    ...(Object.keys(meta).length > 0 && { _meta: meta }),
  };
  return { list, besides };
}
