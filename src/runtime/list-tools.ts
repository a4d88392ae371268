import { isObject } from '../json.ts';
import type { Connection } from './connection.ts';
import type { Definition } from './definitions.ts';
import { notTheProtocol } from './messages.ts';

/** Pages of one list that are followed, and characters of all its tools: a list without end ends here. */
const MOST_PAGES = 1000;
const MOST_CHARACTERS = 16 * 1024 * 1024;

/**
 * Every tool that a server lists, page by page, in its order. What has no name or no input schema is left out, and of
 * several with one name the first counts. Throws ServerFailed, or the reason of the signal.
 */
export async function listTools(connection: Connection, signal: AbortSignal): Promise<Definition[]> {
  const server = connection.target.name;
  const era = (await connection.discover()) === null ? 'handshake' : 'stateless';
  const tools = new Map<string, Definition>();
  let size = 0;
  let cursor: unknown;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const params = cursor === undefined ? {} : { cursor };
    const result = await resultOf(connection, { id: 0, method: 'tools/list', params }, era, signal);
    if (!Array.isArray(result.tools)) {
      throw notTheProtocol(server, 'its list of tools is none');
    }
    for (const tool of result.tools as unknown[]) {
      if (isDefinition(tool) && !tools.has(tool.name)) {
        tools.set(tool.name, tool);
        size += JSON.stringify(tool).length;
      }
    }
    if (size > MOST_CHARACTERS) {
      throw notTheProtocol(server, `its tools are larger than ${MOST_CHARACTERS} characters`);
    }
    cursor = result.nextCursor ?? undefined;
    if (cursor === undefined) {
      return [...tools.values()];
    }
  }
  throw notTheProtocol(server, `its list of tools has more than ${MOST_PAGES} pages`);
}

const isDefinition = (tool: unknown): tool is Definition =>
  isObject(tool) && typeof tool.name === 'string' && tool.name !== '' && isObject(tool.inputSchema);

async function resultOf(
  connection: Connection,
  ...request: Parameters<Connection['send']>
): Promise<Readonly<Record<string, unknown>>> {
  const server = connection.target.name;
  for await (const { method, result, error } of connection.send(...request)) {
    if (method === undefined) {
      if (isObject(result)) {
        return result;
      }
      const code = isObject(error) && typeof error.code === 'number' ? ` (${error.code})` : '';
      throw notTheProtocol(server, `it answered ${request[0].method} with an error${code}`);
    }
  }
  throw notTheProtocol(server, 'it did not answer');
}
