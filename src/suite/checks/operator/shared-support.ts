import { randomUUID } from 'node:crypto';
import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller } from '../../caller.ts';

type Schemas = components['schemas'];
export type SharedServer = Schemas['SharedServer'];
export type Config = Schemas['SharedServerConfig'];
export type Reload = Schemas['Reload'];
export type Saved = Schemas['SharedServerSaved'];
export type Fields = Schemas['SharedServerCreate'];
export type ConfigFields = Partial<Fields['mcpServer']>;

/** The parameters of the path to a shared server. */
export type Path = { readonly mcp_id: string };

/** A URL without a server: the port belongs to a service (discard, RFC 863) that is no longer in use. */
export const NOBODY = 'http://127.0.0.1:9/mcp';

/** The default configuration. */
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

/** The path of a shared server that does not exist. */
export const nowhere = (): Path => ({ mcp_id: randomUUID() });

/** A new unreachable server with that name and that `mcpServer.name`. */
export const absent = (name: string, config: ConfigFields = {}) => ({
  name,
  mcpServer: { name, url: NOBODY, ...config },
});

/** The same, disabled. */
export const disabled = (name: string, config: ConfigFields = {}) => ({ ...absent(name, config), enabled: false });

/** The configuration of a local process that no machine can start. */
export const impossible = (name: string) =>
  ({ name, transport: 'stdio', command: `/${name}/no-such-program` }) as const;

/** The reference to a variable in a configuration. */
export const reference = (variable: string): string => `\${${variable}}`;

/** Creates a shared server. */
export const create = (operator: Caller, body: Fields) => operator.call(201, 'createSharedServer', { body });

/** Creates a shared server and returns its path. */
export const created = async (operator: Caller, body: Fields): Promise<Path> => ({
  mcp_id: dataOf(await create(operator, body)).id,
});

export const dataOf = ({ json }: Answer<Saved>): SharedServer => json.data;
export const reloadOf = ({ json }: Answer<Saved>): Reload => json.reload;

/** Reads a shared server. */
export const read = async (operator: Caller, path: Path): Promise<SharedServer> =>
  (await operator.call(200, 'getSharedServer', { path })).json;

/** Returns the listed shared servers with these names; the others do not belong to the run. */
export async function listed(operator: Caller, names: readonly string[]) {
  const answer = await operator.call(200, 'listSharedServers');
  const all = answer.json;
  return { answer, all, own: all.filter(({ name }) => names.includes(name)) };
}

/** Waits until the clock of the server, in milliseconds, has moved. */
export const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
