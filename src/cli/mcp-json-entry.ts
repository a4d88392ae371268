import type { components } from '../../generated/api.ts';
import { isObject } from '../base/is-object.ts';
import { withTexts } from '../shared-config/config-texts.ts';
import { fromFile, type Seen, type ServerConfig, variableOf } from './mcp-json-texts.ts';

type Create = components['schemas']['SharedServerCreate'];
type Transport = ServerConfig['transport'];
type Members = Readonly<Record<string, unknown>>;

/** An entry of a file: a server for a gateway, or the reason why the entry is refused. */
export type Entry = Taken | Refused;
export type Taken = {
  readonly kind: 'taken';
  /** Its key in the file. */
  readonly key: string;
  /** Notes for the user, one sentence each, without secrets. */
  readonly notes: readonly string[];
  /** The request body that creates the server. Omits `enabled` and our own `mcpServer` keys if the file has none. */
  readonly body: Create;
  /** Whether the file gives a display name; otherwise the key is the name. */
  readonly isNamed: boolean;
};
export type Refused = {
  /** `skipped`: only an editor can use the entry. `failed`: no gateway can use it. */
  readonly kind: 'skipped' | 'failed';
  readonly key: string;
  readonly notes: readonly string[];
  readonly reason: string;
};

/** The parts of a file outside of its entries. */
export type Surroundings = {
  /** The descriptions of inputs by their ids. */
  readonly inputs: ReadonlyMap<string, string>;
  /** The id of the input for each variable; reading entries adds to it. */
  readonly inputOf: Map<string, string>;
};

/** The keys of our `mcpServer` that the clients' form does not have, with their types. */
const OWN = {
  encoding: 'string',
  encodingErrorHandler: 'string',
  timeoutSeconds: 'number',
  sseReadTimeoutSeconds: 'number',
  terminateOnClose: 'boolean',
} as const;
/** The keys of our `mcpServer` that the clients' form does not have. */
export const OWN_KEYS = Object.keys(OWN) as (keyof typeof OWN)[];

const ARTICLES = { string: 'a string', number: 'a number', boolean: 'true or false' } as const;
const KNOWN = new Set([
  ...['type', 'transport', 'url', 'headers', 'command', 'args', 'env', 'cwd', 'disabled', 'enabled'],
  ...['gatehouse', 'gatehouse.name', 'gatehouse.enabled', 'gatehouse.mcpServerName'],
  ...OWN_KEYS,
]);

/** The clients' names for the transports, in lower case without hyphens and underscores. */
const TRANSPORTS: Readonly<Record<string, Transport>> = {
  stdio: 'stdio',
  http: 'streamable_http',
  streamablehttp: 'streamable_http',
  sse: 'sse',
  ws: 'websocket',
  websocket: 'websocket',
};

/** An entry is refused; the message gives the reason. */
class Refusal extends Error {
  readonly kind: Refused['kind'];

  constructor(kind: Refused['kind'], reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/** Reads an entry of a file; accepts any JSON value. */
export function readEntry(key: string, value: unknown, surroundings: Surroundings): Entry {
  const notes: string[] = [];
  try {
    const entry = flattened(value);
    notes.push(...notTaken(entry));
    const { mcpServer, guess } = configOf(textAt(entry, 'gatehouse.mcpServerName') ?? key, entry);
    const seen: Seen = { inputs: new Set(), defaults: new Set(), editors: new Set() };
    const read = withTexts(mcpServer, (text) => fromFile(text, seen));
    requireReplaceable(seen, surroundings);
    notes.push(...guess, ...toBeSet(seen, surroundings));
    const name = textAt(entry, 'gatehouse.name');
    const enabled = enabledOf(entry);
    const body = { name: name ?? key, ...(enabled !== null && { enabled }), mcpServer: read };
    return { kind: 'taken', key, notes, body, isNamed: name !== null };
  } catch (error) {
    if (error instanceof Refusal) {
      return { kind: error.kind, key, notes, reason: error.message };
    }
    throw error;
  }
}

/** Returns the members of an entry. Members of its `gatehouse` appear as `gatehouse.name`. */
function flattened(entry: unknown): Members {
  if (!isObject(entry)) {
    throw new Refusal('failed', 'it must be an object');
  }
  const ours = Object.entries(membersAt(entry, 'gatehouse') ?? {});
  return { ...entry, ...Object.fromEntries(ours.map(([key, value]) => [`gatehouse.${key}`, value])) };
}

function notTaken(entry: Members): string[] {
  const unknown = Object.keys(entry).filter((key) => !KNOWN.has(key));
  return unknown.length === 0 ? [] : [`Ignored keys: ${unknown.join(', ')}.`];
}

function configOf(name: string, entry: Members): { mcpServer: Create['mcpServer']; guess: string[] } {
  const { transport, guess } = transportOf(entry);
  const wanted = transport === 'stdio' ? 'command' : 'url';
  if (textAt(entry, wanted) === null) {
    throw new Refusal('failed', `it has no ${wanted}, which the transport ${transport} requires`);
  }
  const mcpServer = {
    name,
    transport,
    url: textAt(entry, 'url'),
    command: textAt(entry, 'command'),
    args: argsOf(entry),
    headers: mapAt(entry, 'headers'),
    env: mapAt(entry, 'env'),
    cwd: textAt(entry, 'cwd'),
    ...ownKeysOf(entry),
  };
  return { mcpServer, guess };
}

/** Returns the transport, and a note for the user if it is a guess. */
function transportOf(entry: Members): { transport: Transport; guess: string[] } {
  const said = textAt(entry, 'transport') ?? textAt(entry, 'type');
  const [url, command] = [textAt(entry, 'url'), textAt(entry, 'command')];
  if (said !== null) {
    const plain = said.toLowerCase().replaceAll(/[-_]/g, '');
    if (!Object.hasOwn(TRANSPORTS, plain)) {
      throw new Refusal('failed', 'its type must be stdio, http, sse or ws');
    }
    return { transport: TRANSPORTS[plain] as Transport, guess: [] };
  }
  if (url === null && command === null) {
    throw new Refusal('failed', 'it has neither a command nor a url');
  }
  if (url !== null && command !== null) {
    throw new Refusal('failed', 'it has both a command and a url; add a type to choose one');
  }
  if (url === null) {
    return { transport: 'stdio', guess: [] };
  }
  if (/^wss?:/i.test(url)) {
    return { transport: 'websocket', guess: [] };
  }
  // Files of clients that detect the transport have many such entries.
  return /^[^?#]*\/sse\/?(?:[?#]|$)/i.test(url)
    ? {
        transport: 'sse',
        guess: ['Imported as SSE, because its url ends in /sse. If this is wrong, add "type": "http".'],
      }
    : { transport: 'streamable_http', guess: [] };
}

/** An entry of our own export is complete: missing keys are null. In other entries, missing keys stay undefined. */
function ownKeysOf(entry: Members): Partial<ServerConfig> {
  const isOurs = Object.hasOwn(entry, 'gatehouse');
  const said = OWN_KEYS.filter((key) => isOurs || Object.hasOwn(entry, key));
  return Object.fromEntries(said.map((key) => [key, valueAt(entry, key, OWN[key])]));
}

/** Whether the gateway should use the server; null if the file does not say. */
function enabledOf(entry: Members): boolean | null {
  const disabled = valueAt(entry, 'disabled', 'boolean');
  const said = [
    valueAt(entry, 'gatehouse.enabled', 'boolean'),
    valueAt(entry, 'enabled', 'boolean'),
    disabled === null ? null : !disabled,
  ];
  return said.includes(false) ? false : said.includes(true) ? true : null;
}

function requireReplaceable({ inputs, editors }: Seen, { inputOf }: Surroundings): void {
  if (editors.size > 0) {
    throw new Refusal('skipped', `it uses ${[...editors].join(', ')}, which only an editor can replace`);
  }
  for (const id of inputs) {
    const variable = variableOf(id);
    if (variable === null) {
      throw new Refusal(
        'failed',
        `the id of the input ${id} gives no variable name: it needs an ASCII letter or digit`,
      );
    }
    const other = inputOf.get(variable) ?? id;
    if (other !== id) {
      throw new Refusal('failed', `the inputs ${other} and ${id} give the same variable ${variable}; rename one`);
    }
    inputOf.set(variable, id);
  }
}

function toBeSet({ inputs, defaults }: Seen, surroundings: Surroundings): string[] {
  const asked = [...inputs].map((id) => {
    const description = surroundings.inputs.get(id);
    return `Set the variable ${variableOf(id)} for the gateway${description ? ` (${description})` : ''}.`;
  });
  const unset = [...defaults].map((name) => `Set the variable ${name} for the gateway: its default is ignored.`);
  return [...asked, ...unset];
}

/** Returns the value if it has the type; null if it is null or missing. */
function valueAt(members: Members, key: string, type: 'string'): string | null;
function valueAt(members: Members, key: string, type: 'boolean'): boolean | null;
function valueAt(members: Members, key: string, type: keyof typeof ARTICLES): string | number | boolean | null;
function valueAt(members: Members, key: string, type: keyof typeof ARTICLES): unknown {
  const value = members[key] ?? null;
  if (value !== null && typeof value !== type) {
    throw new Refusal('failed', `its ${key} must be ${ARTICLES[type]}`);
  }
  return value;
}

const textAt = (members: Members, key: string): string | null => valueAt(members, key, 'string');

function membersAt(members: Members, key: string): Members | null {
  const value = members[key] ?? null;
  if (value !== null && !isObject(value)) {
    throw new Refusal('failed', `its ${key} must be an object`);
  }
  return value;
}

function argsOf(entry: Members): string[] {
  const args = entry.args ?? [];
  if (!Array.isArray(args) || args.some((arg) => typeof arg !== 'string')) {
    throw new Refusal('failed', 'its args must be a list of strings');
  }
  return args;
}

function mapAt(entry: Members, key: string): Record<string, string> {
  const named = Object.entries(membersAt(entry, key) ?? {}).map(([name, value]): [string, string] => {
    // VS Code accepts whole numbers here and uses their text.
    if (typeof value !== 'string' && !Number.isSafeInteger(value)) {
      throw new Refusal('failed', `its ${key}.${name} must be a string`);
    }
    return [name, String(value)];
  });
  return Object.fromEntries(named);
}
