import type { components } from '../../generated/api.ts';
import { slugOf } from '../base/slugs.ts';
import { textsOf, withTexts, withValues } from '../shared-config/config-texts.ts';
import { variablesIn } from '../shared-config/variables.ts';
import { OWN_KEYS } from './mcp-json-entry.ts';
import { toFile, variableOf } from './mcp-json-texts.ts';

export type SharedServer = components['schemas']['SharedServer'];

/** A variable in a file, and its first place, such as `search: headers.Authorization`. */
export type Reference = { readonly variable: string; readonly place: string };

const TYPES = { stdio: 'stdio', streamable_http: 'http', sse: 'sse', websocket: 'ws' } as const;
const ONLY_REFERENCES = /^(?:\$\{[A-Za-z_]\w*\})*$/;

/** Writes shared servers as a file that MCP clients can read. `readMcpJson` reads the same servers from it. */
export function writeMcpJson(servers: readonly SharedServer[]): string {
  const keys = keysOf(servers);
  const entries = servers.map((server) => [keys.get(server) ?? '', entryOf(server, keys.get(server) ?? '')]);
  return `${JSON.stringify({ mcpServers: Object.fromEntries(entries) }, null, 2)}\n`;
}

/**
 * Returns the servers with a variable in place of each value of `headers` and `env`, such as `${SEARCH_AUTHORIZATION}` for
 * the header Authorization of `search`. Values that consist of variables stay. Each new variable is unique and not yet in
 * use. The same servers in the same order get the same variables.
 */
export function withoutSecrets(servers: readonly SharedServer[]): SharedServer[] {
  const taken = new Set(
    servers.flatMap(({ mcpServer }) => textsOf(mcpServer).flatMap(([, text]) => variablesIn(text))),
  );
  return servers.map((server) => {
    const { mcpServer, slug } = server;
    const name = slugOf(mcpServer.name) === null ? slug : mcpServer.name;
    const standIn = (text: string, key: string): string =>
      ONLY_REFERENCES.test(text) ? text : `\${${claim(variableOf(`${name} ${key}`) ?? '', '_', taken)}}`;
    const { headers, env } = mcpServer;
    return {
      ...server,
      mcpServer: { ...mcpServer, headers: withValues(headers, standIn), env: withValues(env, standIn) },
    };
  });
}

/** Returns the variables in the servers' texts, each once, in their order. */
export function referencesOf(servers: readonly SharedServer[]): Reference[] {
  const places = servers.flatMap(({ mcpServer }) =>
    textsOf(mcpServer).flatMap(([path, text]) =>
      variablesIn(text).map((variable): [string, string] => [variable, `${mcpServer.name}: ${path.join('.')}`]),
    ),
  );
  const firsts = new Map(places.toReversed());
  return [...new Set(places.map(([variable]) => variable))].map((variable) => ({
    variable,
    place: firsts.get(variable) ?? '',
  }));
}

/** Returns the key of each server: its `mcpServer.name`, with a number if disabled servers have the same name. */
function keysOf(servers: readonly SharedServer[]): Map<SharedServer, string> {
  const enabledLast = servers.toSorted((a, b) => Number(a.enabled) - Number(b.enabled));
  const named = new Map(enabledLast.map((server) => [server.mcpServer.name, server]));
  const taken = new Set(named.keys());
  return new Map(
    servers.map((server) => {
      const { name } = server.mcpServer;
      return [server, named.get(name) === server ? name : claim(name, ' ', taken)];
    }),
  );
}

/** Returns the name, with a number if it is taken, and marks the result as taken. */
function claim(name: string, separator: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) {
    free = `${name}${separator}${number}`;
  }
  taken.add(free);
  return free;
}

function entryOf({ name, enabled, mcpServer }: SharedServer, key: string): object {
  const { transport, url, headers, command, args, env, cwd, ...rest } = withTexts(mcpServer, toFile);
  const isPlainProcess = transport === 'stdio' && url === null;
  return {
    ...(!isPlainProcess && { type: TYPES[transport] }),
    ...(url !== null && { url }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(command !== null && { command }),
    ...(args.length > 0 && { args }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(cwd !== null && { cwd }),
    ...Object.fromEntries(OWN_KEYS.filter((own) => rest[own] !== null).map((own) => [own, rest[own]])),
    gatehouse: { name, enabled, ...(key !== mcpServer.name && { mcpServerName: mcpServer.name }) },
  };
}
