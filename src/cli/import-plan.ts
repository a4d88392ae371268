import type { components } from '../../generated/api.ts';
import { differencesOf } from '../base/json-differences.ts';
import { slugOf } from '../base/slugs.ts';
import { withTexts } from '../shared-config/config-texts.ts';
import type { Entry, Refused, Taken } from './mcp-json-entry.ts';
import { type SharedServer, withoutSecrets } from './mcp-json-export.ts';
import { type ServerConfig, toFile } from './mcp-json-texts.ts';

type Schemas = components['schemas'];

/** The action for one entry. */
export type Step = { readonly key: string; readonly notes: readonly string[] } & (
  | { readonly kind: 'create'; readonly body: Schemas['SharedServerCreate'] }
  | {
      readonly kind: 'update';
      readonly id: string;
      readonly changes: Schemas['SharedServerPatch'];
      /** The names of the settings that differ from the file. */
      readonly changed: readonly string[];
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: Refused['kind']; readonly reason: string }
);

/**
 * Returns the actions that bring the servers of a gateway in line with the entries, in the order of the entries. Servers
 * without an entry stay. Settings that an entry does not contain stay as they are.
 */
export function planOf(entries: readonly Entry[], servers: readonly SharedServer[]): Step[] {
  const standIns = new Map(withoutSecrets(servers).map(({ id, mcpServer }) => [id, mcpServer]));
  const change = (entry: Taken, server: SharedServer) =>
    changeOf(entry, server, standIns.get(server.id) ?? server.mcpServer);
  const taken = entries.filter((entry) => entry.kind === 'taken');
  const pairs = pairUp(taken, servers, (entry, server) => change(entry, server).kind === 'unchanged');
  return entries.map((entry): Step => {
    if (entry.kind !== 'taken') {
      return entry;
    }
    const alike = pairs.get(entry) ?? [];
    const [server] = alike;
    if (server === undefined) {
      return creation(entry);
    }
    const step = change(entry, server);
    return alike.length > 1 && step.kind !== 'unchanged' ? ambiguous(entry, alike) : step;
  });
}

function creation({ key, notes, body }: Taken): Step {
  return slugOf(body.name) === null
    ? {
        kind: 'failed',
        key,
        notes,
        reason: 'its name has no ASCII letter or digit; set another name with "gatehouse": {"name": "…"}',
      }
    : { kind: 'create', key, notes, body };
}

function ambiguous({ key, notes }: Taken, alike: readonly SharedServer[]): Step {
  const ids = alike.map(({ id }) => id).join(', ');
  return { kind: 'failed', key, notes, reason: `several disabled servers have its name: ${ids}` };
}

/**
 * Finds the server of each entry, by `mcpServer.name`. Disabled servers may share a name: then the server with the wanted
 * `enabled`, the same display name and the same settings is preferred, in this order. Returns several servers if this
 * leaves several, and none if none has the name.
 */
function pairUp(
  entries: readonly Taken[],
  servers: readonly SharedServer[],
  isAlready: (entry: Taken, server: SharedServer) => boolean,
): Map<Taken, SharedServer[]> {
  const left = new Set(servers);
  const isWanted = ({ body }: Taken) => body.enabled ?? true;
  const pairs = new Map<Taken, SharedServer[]>();
  // Enabled servers go to the entries that want an enabled server.
  for (const entry of entries.toSorted((a, b) => Number(isWanted(b)) - Number(isWanted(a)))) {
    const { body } = entry;
    const named = [...left].filter(({ mcpServer }) => mcpServer.name === body.mcpServer.name);
    const asWanted = narrowed(named, ({ enabled }) => enabled === isWanted(entry));
    const called = narrowed(asWanted, ({ name }) => name === body.name);
    const same = narrowed(called, (server) => isAlready(entry, server));
    pairs.set(entry, same);
    if (same[0] !== undefined) {
      left.delete(same[0]);
    }
  }
  return pairs;
}

function narrowed<T>(all: readonly T[], isMeant: (one: T) => boolean): T[] {
  const meant = all.length > 1 ? all.filter(isMeant) : [];
  return meant.length > 0 ? meant : [...all];
}

function changeOf({ key, notes, body, isNamed }: Taken, server: SharedServer, standIn: ServerConfig): Step {
  const { wanted, kept } = withKept({ ...server.mcpServer, ...body.mcpServer }, server.mcpServer, standIn);
  const differing = differences(wanted, server.mcpServer);
  const changes = {
    ...(isNamed && body.name !== server.name && { name: body.name }),
    ...(body.enabled !== undefined && body.enabled !== server.enabled && { enabled: body.enabled }),
    ...(differing.length > 0 && { mcpServer: wanted }),
  };
  const { mcpServer: _, ...others } = changes;
  const changed = [...Object.keys(others), ...differing];
  const all = [
    ...notes,
    ...kept.map((place) => `Its ${place} is unchanged: the file contains the variable that an export puts there.`),
  ];
  return changed.length === 0
    ? { kind: 'unchanged', key, notes: all }
    : { kind: 'update', key, notes: all, id: server.id, changes, changed };
}

/** Returns the keys with different values, as the gateway reads them. */
function differences(a: ServerConfig, b: ServerConfig): string[] {
  const [one, other] = [withTexts(a, toFile), withTexts(b, toFile)];
  return (Object.keys(one) as (keyof ServerConfig)[]).filter((key) => differencesOf(one[key], other[key]).length > 0);
}

/**
 * Keeps the server's value if the file has the variable that an export without secrets puts in its place: importing an
 * exported file must not remove the secrets of its own gateway.
 */
function withKept(
  wanted: ServerConfig,
  server: ServerConfig,
  standIn: ServerConfig,
): { wanted: ServerConfig; kept: string[] } {
  const kept: string[] = [];
  const keep = (map: 'headers' | 'env') =>
    Object.fromEntries(
      Object.entries(wanted[map]).map(([name, value]): [string, string] => {
        const own = server[map][name];
        if (own === undefined || own === value || standIn[map][name] !== value) {
          return [name, value];
        }
        kept.push(`${map}.${name}`);
        return [name, own];
      }),
    );
  return { wanted: { ...wanted, headers: keep('headers'), env: keep('env') }, kept };
}
