import { randomUUID } from 'node:crypto';
import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller } from '../../caller.ts';

type Schemas = components['schemas'];
export type SharedServer = Schemas['SharedServer'];
export type Config = Schemas['SharedServerConfig'];
export type Reload = Schemas['Reload'];
export type Saved = Schemas['SharedServerSaved'];
export type Fields = Readonly<Record<string, unknown>>;

export const SHARED = '/admin/api/v1/mcp-servers';

/** Where no machine has a server: the port is that of a service (discard, RFC 863) that nobody runs any more. */
export const NOBODY = 'http://127.0.0.1:9/mcp';

/** What a configuration is where nothing is said. */
export const DEFAULTS: Omit<Config, 'name'> = {
  transport: 'streamable_http',
  url: null,
  command: null,
  args: [],
  headers: {},
  env: {},
  cwd: null,
  encoding: null,
  encodingErrorHandler: null,
  timeoutSeconds: null,
  sseReadTimeoutSeconds: null,
  terminateOnClose: null,
  sessionKwargs: {},
};

export const LENIENT = { Prefer: 'handling=lenient' };

export const sharedPath = (id: string): string => `${SHARED}/${id}`;

/** The path of a shared server that does not exist. */
export const nowhere = (): string => sharedPath(randomUUID());

/** A new server of that name, and of that `mcpServer.name`, that is not there. */
export const absent = (name: string, config: Fields = {}) => ({ name, mcpServer: { name, url: NOBODY, ...config } });

/** The same, not to be used. */
export const disabled = (name: string, config: Fields = {}) => ({ ...absent(name, config), enabled: false });

/** How a local process is reached that no machine can start. */
export const impossible = (name: string) => ({ name, transport: 'stdio', command: `/${name}/no-such-program` });

/** What stands for a variable in a configuration. */
export const reference = (variable: string): string => `\${${variable}}`;

/** Creates a shared server. */
export const create = (operator: Caller, body: Fields): Promise<Answer> => operator.call(201, 'POST', SHARED, { body });

/** Creates a shared server and answers its path. */
export const created = async (operator: Caller, body: Fields): Promise<string> =>
  sharedPath(dataOf(await create(operator, body)).id);

export const dataOf = ({ json }: Answer): SharedServer => (json as Saved).data;
export const reloadOf = ({ json }: Answer): Reload => (json as Saved).reload;

/** Reads a shared server. */
export const read = async (operator: Caller, path: string): Promise<SharedServer> =>
  (await operator.call(200, 'GET', path)).json as SharedServer;

/** The shared servers among those that are listed whose names are these; the others are somebody else's. */
export async function listed(operator: Caller, names: readonly string[]) {
  const answer = await operator.call(200, 'GET', SHARED);
  const all = answer.json as SharedServer[];
  return { answer, all, own: all.filter(({ name }) => names.includes(name)) };
}

/** Waits until the clock of the server, in milliseconds, has moved. */
export const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
