import type { ServersCaller } from '../base/caller.ts';
import { isObject } from '../base/is-object.ts';
import type { Deps } from '../deps.ts';
import type { Attempt } from '../runtime/candidate.ts';
import { toConnectable } from '../runtime/connectable.ts';
import { requireDialable, requireRoom } from './checks.ts';
import { defaultFields, type ServerFields } from './servers.ts';

/** How a server that is checked is reached. */
export type Reached = Pick<ServerFields, 'url'> & Partial<Pick<ServerFields, 'transport' | 'requestHeaders'>>;

/** A server that was checked. */
export type CheckedServer = {
  /** What the server says of itself; null if it says nothing. */
  readonly info: {
    readonly name: string | null;
    readonly title: string | null;
    readonly version: string | null;
  } | null;
  readonly protocolVersion: string;
  /** In its order. */
  readonly toolNames: readonly string[];
};

/** The maximum time for a check, in milliseconds. */
const CHECK_TIMEOUT_MS = 10_000;
/** The maximum number of characters of a text that a server says of itself. */
const MAX_INFO_CHARS = 256;

/**
 * Connects to a server as to a registered one and lists its tools, without storing anything. Failures name the server by its
 * host. Throws `validation_failed`, and OverBudget.
 */
export async function checkServer(
  { runtime, ids, now }: Pick<Deps, 'runtime' | 'ids' | 'now'>,
  { organizationId }: ServersCaller,
  given: Reached,
): Promise<Attempt<CheckedServer>> {
  const fields = { ...defaultFields(), ...given, name: new URL(given.url).host };
  requireDialable(fields);
  requireRoom(given.requestHeaders);
  const at = now();
  const server = { ...fields, id: ids.uuid(), organizationId, version: 1, createdAt: at, updatedAt: at };
  const probed = await runtime.probe(toConnectable(server), CHECK_TIMEOUT_MS);
  if (probed.failure !== null) {
    return probed;
  }
  const { facts, names } = probed.result;
  const { serverInfo } = facts.description();
  const { protocolVersion } = facts;
  return { failure: null, result: { info: infoOf(serverInfo), protocolVersion, toolNames: names } };
}

const infoOf = (said: unknown): CheckedServer['info'] =>
  isObject(said) ? { name: textOf(said.name), title: textOf(said.title), version: textOf(said.version) } : null;

const textOf = (said: unknown): string | null =>
  typeof said === 'string' ? said.slice(0, MAX_INFO_CHARS).toWellFormed() : null;
