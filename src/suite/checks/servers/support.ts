import { randomUUID } from 'node:crypto';
import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller, Sent } from '../../caller.ts';
import { holds, same } from '../../expect.ts';

type Schemas = components['schemas'];
type ErrorBody = Schemas['ServersErrorBody'];
export type Server = Schemas['McpServer'];
export type Fields = Partial<Schemas['McpServerCreate']>;
export type Page = Schemas['McpServerPage'];
export type ToolApproval = Schemas['ToolApproval'];

export const SERVERS = '/api/mcp-servers';
export const URL_OF_NOBODY = 'https://files.example.com/mcp';

export const serverPath = (id: string): string => `${SERVERS}/${id}`;

/** The path of a server that does not exist. */
export const nowhere = (): string => serverPath(`mcp_${randomUUID()}`);

/** Returns the contents of the success envelope, and checks its keys and their order. */
export function dataOf<T>(answer: Answer): T {
  const envelope = answer.json as { data: T };
  same(answer, 'the keys of the envelope', Object.keys(envelope), ['message', 'status', 'error', 'data']);
  return envelope.data;
}

/** Registers a server. */
export const create = (team: Caller, fields: Fields): Promise<Answer> =>
  team.call(201, 'POST', SERVERS, { body: { url: URL_OF_NOBODY, ...fields } });

/** Registers a server and returns its path. */
export const created = async (team: Caller, fields: Fields): Promise<string> =>
  serverPath(dataOf<Server>(await create(team, fields)).id);

/** Reads a server. */
export const read = async (team: Caller, path: string): Promise<Server> =>
  dataOf<Server>(await team.call(200, 'GET', path));

/** Sends a request that must be refused with 400, and with these words in `error`. */
export async function refused(by: Caller, method: string, path: string, sent: Sent, ...words: string[]): Promise<void> {
  const answer = await by.call(400, method, path, sent);
  const { error } = answer.json as ErrorBody;
  const missing = words.filter((word) => !error.includes(word));
  holds(answer, missing.length === 0, `an error that names ${missing.join(' and ')}`, error);
}

/** Returns a server without the times that change automatically. */
export function lasting({ updated_at: _, ...rest }: Server): Omit<Server, 'updated_at'> {
  return rest;
}

/** Waits until the clock of the server, in milliseconds, has moved. */
export const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
