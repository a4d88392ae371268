import { randomUUID } from 'node:crypto';
import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller } from '../../caller.ts';
import { holds, same } from '../../expect.ts';
import type { OperationWith, Sent } from '../../questions.ts';

type Schemas = components['schemas'];
export type Server = Schemas['McpServer'];
type Create = Schemas['McpServerCreate'];
/** A new server, by default at a URL of nobody. */
export type Fields = Omit<Create, 'url'> & Partial<Pick<Create, 'url'>>;
/** The parameters of the path to a server. */
export type Path = { readonly mcpServerId: string };
export type ToolApproval = Schemas['ToolApproval'];

export const URL_OF_NOBODY = 'https://files.example.com/mcp';

/** The path of a server that does not exist. */
export const nowhere = (): Path => ({ mcpServerId: `mcp_${randomUUID()}` });

/** Returns the contents of the success envelope, and checks its keys and their order. */
export function dataOf<T>(answer: Answer<{ readonly data: T }>): T {
  same(answer, 'the keys of the envelope', Object.keys(answer.json), ['message', 'status', 'error', 'data']);
  return answer.json.data;
}

/** Registers a server. */
export const create = (team: Caller, fields: Fields) =>
  team.call(201, 'createMcpServer', { body: { url: URL_OF_NOBODY, ...fields } });

/** Registers a server and returns its path. */
export const created = async (team: Caller, fields: Fields): Promise<Path> => ({
  mcpServerId: dataOf(await create(team, fields)).id,
});

/** Reads a server. */
export const read = async (team: Caller, path: Path): Promise<Server> =>
  dataOf(await team.call(200, 'getMcpServer', { path }));

/** Sends a request that must be refused with 400, and with these words in `error`. */
export async function refused(
  by: Caller,
  id: OperationWith<'ServersError'>,
  sent: Sent,
  ...words: string[]
): Promise<void> {
  const answer = await by.send(400, id, sent);
  const { error } = answer.json;
  const missing = words.filter((word) => !error.includes(word));
  holds(answer, missing.length === 0, `an error that names ${missing.join(' and ')}`, error);
}

/** Returns a server without the times that change automatically. */
export function lasting({ updated_at: _, ...rest }: Server): Omit<Server, 'updated_at'> {
  return rest;
}

/** Waits until the clock of the server, in milliseconds, has moved. */
export const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
