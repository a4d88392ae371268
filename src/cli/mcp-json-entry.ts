import type { components } from '../../generated/api.ts';
import { isObject } from '../base/json.ts';
import { withTexts } from '../shared-config/config-texts.ts';
import { fromFile, type Seen, type ServerConfig, variableOf } from './mcp-json-texts.ts';

type Create = components['schemas']['SharedServerCreate'];
type Transport = ServerConfig['transport'];
type Members = Readonly<Record<string, unknown>>;

/** An entry of a file: a server for a gateway, or why it is none. */
export type Entry = Taken | Refused;
export type Taken = {
  readonly kind: 'taken';
  /** Its key in the file. */
  readonly key: string;
  /** What whoever brings the file should know, a sentence each, without secrets. */
  readonly notes: readonly string[];
  /** What creates it. `enabled`, and keys of `mcpServer` that other clients do not have, are left out where unsaid. */
  readonly body: Create;
  /** Whether the file says how it is called; otherwise the key is the name. */
  readonly isNamed: boolean;
};
export type Refused = {
  /** `skipped`: it is meant for an editor. `failed`: nobody could use it. */
  readonly kind: 'skipped' | 'failed';
  readonly key: string;
  readonly notes: readonly string[];
  readonly reason: string;
};

/** What a file says beside its entries. */
export type Surroundings = {
  /** The descriptions of inputs by their ids. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Which input a variable stands for; grows as entries are read. */
  readonly inputOf: Map<string, string>;
};

/** What our `mcpServer` has and the form of the clients has not, and what it must be. */
const OWN = {
  encoding: 'string',
  encodingErrorHandler: 'string',
  timeoutSeconds: 'number',
  sseReadTimeoutSeconds: 'number',
  terminateOnClose: 'boolean',
} as const;
/** The keys of our `mcpServer` that the form of the clients has not. */
export const OWN_KEYS = Object.keys(OWN) as (keyof typeof OWN)[];

const ARTICLES = { string: 'a string', number: 'a number', boolean: 'true or false' } as const;
const KNOWN = new Set([
  ...['type', 'transport', 'url', 'headers', 'command', 'args', 'env', 'cwd', 'disabled', 'enabled'],
  ...['gatehouse', 'gatehouse.name', 'gatehouse.enabled', 'gatehouse.mcpServerName'],
  ...OWN_KEYS,
]);

/** The names that clients have for the transports, in lower case without hyphens and underscores. */
const TRANSPORTS: Readonly<Record<string, Transport>> = {
  stdio: 'stdio',
  http: 'streamable_http',
  streamablehttp: 'streamable_http',
  sse: 'sse',
  ws: 'websocket',
  websocket: 'websocket',
};

/** Why an entry is refused. */
class Refusal extends Error {
  readonly kind: Refused['kind'];

  constructor(kind: Refused['kind'], reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/** Reads an entry of a file, whatever it is. */
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

/** The members of an entry, those of its `gatehouse` among them as `gatehouse.name`. */
function flattened(entry: unknown): Members {
  if (!isObject(entry)) {
    throw new Refusal('failed', 'it must be an object');
  }
  const ours = Object.entries(membersAt(entry, 'gatehouse') ?? {});
  return { ...entry, ...Object.fromEntries(ours.map(([key, value]) => [`gatehouse.${key}`, value])) };
}

function notTaken(entry: Members): string[] {
  const unknown = Object.keys(entry).filter((key) => !KNOWN.has(key));
  return unknown.length === 0 ? [] : [`Not taken over: ${unknown.join(', ')}.`];
}

function configOf(name: string, entry: Members): { mcpServer: Create['mcpServer']; guess: string[] } {
  const { transport, guess } = transportOf(entry);
  const wanted = transport === 'stdio' ? 'command' : 'url';
  if (textAt(entry, wanted) === null) {
    throw new Refusal('failed', `it has no ${wanted}, which the transport ${transport} wants`);
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

/** How the server is reached, and what should be said where that is a guess. */
function transportOf(entry: Members): { transport: Transport; guess: string[] } {
  const said = textAt(entry, 'transport') ?? textAt(entry, 'type');
  const [url, command] = [textAt(entry, 'url'), textAt(entry, 'command')];
  if (said !== null) {
    const plain = said.toLowerCase().replaceAll(/[-_]/g, '');
    if (!Object.hasOwn(TRANSPORTS, plain)) {
      throw new Refusal('failed', 'its type is none of stdio, http, sse and ws');
    }
    return { transport: TRANSPORTS[plain] as Transport, guess: [] };
  }
  if (url === null && command === null) {
    throw new Refusal('failed', 'it has neither a command nor a url');
  }
  if (url !== null && command !== null) {
    throw new Refusal('failed', 'it has both a command and a url; say with type which of them is meant');
  }
  if (url === null) {
    return { transport: 'stdio', guess: [] };
  }
  if (/^wss?:/i.test(url)) {
    return { transport: 'websocket', guess: [] };
  }
  // Clients that find the transport out by themselves have many of these in their files.
  return /^[^?#]*\/sse\/?(?:[?#]|$)/i.test(url)
    ? { transport: 'sse', guess: ['Taken for SSE, as its url ends in /sse; "type": "http" says otherwise.'] }
    : { transport: 'streamable_http', guess: [] };
}

/** An entry of ours says everything: what it leaves out is null. Others leave open what they do not know. */
function ownKeysOf(entry: Members): Partial<ServerConfig> {
  const isOurs = Object.hasOwn(entry, 'gatehouse');
  const said = OWN_KEYS.filter((key) => isOurs || Object.hasOwn(entry, key));
  return Object.fromEntries(said.map((key) => [key, valueAt(entry, key, OWN[key])]));
}

/** Whether the gateway is to use it; null where the file does not say. */
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
        `of the input ${id} no variable can be made: its id needs a letter or digit of ASCII`,
      );
    }
    const other = inputOf.get(variable) ?? id;
    if (other !== id) {
      throw new Refusal('failed', `the inputs ${other} and ${id} would be the same variable ${variable}; rename one`);
    }
    inputOf.set(variable, id);
  }
}

function toBeSet({ inputs, defaults }: Seen, surroundings: Surroundings): string[] {
  const asked = [...inputs].map((id) => {
    const description = surroundings.inputs.get(id);
    return `Set the variable ${variableOf(id)} for the gateway${description ? ` (${description})` : ''}.`;
  });
  const unset = [...defaults].map((name) => `Set the variable ${name} for the gateway: its default is not taken over.`);
  return [...asked, ...unset];
}

/** A value of that type, null where it is null or not there. */
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
    // VS Code takes whole numbers for what they look like.
    if (typeof value !== 'string' && !Number.isSafeInteger(value)) {
      throw new Refusal('failed', `its ${key}.${name} must be a string`);
    }
    return [name, String(value)];
  });
  return Object.fromEntries(named);
}
