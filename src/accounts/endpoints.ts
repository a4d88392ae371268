import { audit } from '../audit/changes.ts';
import type { AccountsCaller } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { type ExpectedVersion, requireVersion } from '../base/expected-version.ts';
import { hashSecret } from '../base/ids.ts';
import { DAY_MS, requireFuture } from '../base/instants.ts';
import type { HeldMemory, MemoryBudget } from '../base/memory-budget.ts';
import { readJson } from '../base/read-json.ts';
import { authoriserOf } from '../calls/authorise.ts';
import { calledServiceOf } from '../calls/service.ts';
import type { Deps } from '../deps.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import type { Account } from '../store/accounts.ts';
import * as store from '../store/endpoints.ts';
import * as integrations from '../store/integrations.ts';
import type { ListPart } from '../store/keyset.ts';
import { purgeInSlices } from '../store/purge.ts';
import type { Db, Store } from '../store/store.ts';
import { methodsAndTagsOf, type Scoped, type StoredSelector, selectTools } from '../tools/scope.ts';
import { findAccount, findIntegrationOf } from './accounts.ts';
import { readListedTools } from './listed-tools.ts';
import { objectNotFound } from './object-not-found.ts';

type Endpoint = store.Endpoint;
/** A sent scope: a null clears the key. */
export type ConfigInput = { readonly [K in keyof store.EndpointConfig]?: store.EndpointConfig[K] | null };
/** The fields of an endpoint that a caller may set. */
export type EndpointFields = {
  readonly name?: string;
  readonly config?: ConfigInput;
  /** Milliseconds since the epoch; null for never. */
  readonly expiresAt?: number | null;
};

/** The minimum time until the expiry, in milliseconds. */
const MIN_LIFETIME_MS = 60_000;
/** The maximum number of methods and tags in one error message. */
const MAX_NAMED_WORDS = 50;

/**
 * Creates an endpoint over an account. Only this answer contains the token; the database stores its hash. Throws
 * `not_found`, `validation_failed`, `quota_exceeded`, and OverBudget.
 */
export async function createEndpoint(
  { store: { writeFor }, now, ids, quotas, budget }: Deps,
  caller: AccountsCaller,
  accountId: string,
  { name, config, expiresAt = null }: EndpointFields & { readonly name: string },
): Promise<{ endpoint: Endpoint; token: string }> {
  const at = now();
  const token = ids.endpointToken();
  requireFuture(expiresAt, at, MIN_LIFETIME_MS);
  const fields = { name, config: merge({}, config), expiresAt };
  const endpoint = await writeFor(caller.organizationId, async (db) => {
    const account = await findAccount(db, caller, accountId);
    await requireSomeTool(db, budget, account, fields.config);
    const { organizationId } = account;
    const fresh = {
      ...fields,
      id: ids.uuid(),
      organizationId,
      accountId,
      createdBy: caller.id,
      createdAt: at,
      updatedAt: at,
      tokenHash: hashSecret(token),
    };
    const created = await withinQuotas(db, quotas, organizationId, ['endpoints'], () => store.insert(db, fresh));
    await audit(db, { at, actor: caller, action: 'endpoint.created', target: { kind: 'endpoint', id: created.id } });
    return created;
  });
  return { endpoint, token };
}

/**
 * Changes the given fields; `config` changes key by key. A changed scope must select at least one tool. Throws like
 * createEndpoint, and `precondition_failed`.
 */
export async function updateEndpoint(
  { store: { writeFor }, now, budget }: Deps,
  caller: AccountsCaller,
  place: { readonly accountId: string; readonly id: string },
  { name, config, expiresAt }: EndpointFields,
  expected: ExpectedVersion,
): Promise<Endpoint> {
  return writeFor(caller.organizationId, async (db) => {
    const { endpoint: before, account } = await findEndpoint(db, caller, place);
    requireVersion(expected, before.version);
    if (name === undefined && expiresAt === undefined && Object.keys(config ?? {}).length === 0) {
      return before;
    }
    requireFuture(expiresAt ?? null, now(), MIN_LIFETIME_MS);
    const at = Math.max(now(), before.updatedAt);
    const after = {
      ...before,
      name: name ?? before.name,
      config: merge(before.config, config),
      expiresAt: expiresAt === undefined ? before.expiresAt : expiresAt,
      updatedAt: at,
    };
    if (!sameScope(before.config, after.config)) {
      await requireSomeTool(db, budget, account, after.config);
    }
    const updated = await store.update(db, after, before.version);
    if (updated === null) {
      throw objectNotFound('MCP server', place.id);
    }
    const changed = Object.keys({
      ...(name !== undefined && { name }),
      ...config,
      ...(expiresAt !== undefined && { expires_at: expiresAt }),
    });
    await audit(db, {
      at,
      actor: caller,
      action: 'endpoint.updated',
      target: { kind: 'endpoint', id: before.id },
      details: { changed },
    });
    return updated;
  });
}

/** Deletes an endpoint; its token becomes unknown at once. Throws `not_found`, `precondition_failed`. */
export async function deleteEndpoint(
  { store: { writeFor }, now }: Deps,
  caller: AccountsCaller,
  place: { readonly accountId: string; readonly id: string },
  expected: ExpectedVersion,
): Promise<void> {
  await writeFor(caller.organizationId, async (db) => {
    const { endpoint } = await findEndpoint(db, caller, place);
    requireVersion(expected, endpoint.version);
    await store.remove(db, endpoint, place.id);
    await audit(db, {
      at: now(),
      actor: caller,
      action: 'endpoint.deleted',
      target: { kind: 'endpoint', id: place.id },
    });
  });
}

/** Finds an account, and returns a function that reads a part of its endpoints, newest first. Throws `not_found`. */
export async function listEndpoints(
  { store: { read } }: Deps,
  caller: AccountsCaller,
  accountId: string,
): Promise<(part: ListPart) => Promise<Endpoint[]>> {
  const { organizationId } = await findAccount(read, caller, accountId);
  return (part) => store.page(read, { organizationId, accountId }, part);
}

/** Returns the current endpoint. Throws `not_found`. */
export async function getEndpoint(
  { store: { read } }: Deps,
  caller: AccountsCaller,
  place: { readonly accountId: string; readonly id: string },
): Promise<Endpoint> {
  return (await findEndpoint(read, caller, place)).endpoint;
}

/** Finds an endpoint and its account in the organization of the caller. Throws `not_found` for either. */
async function findEndpoint(
  db: Db,
  caller: AccountsCaller,
  { accountId, id }: { readonly accountId: string; readonly id: string },
): Promise<{ endpoint: Endpoint; account: Account }> {
  const account = await findAccount(db, caller, accountId);
  const endpoint = await store.find(db, { organizationId: account.organizationId, accountId }, id);
  if (endpoint === null) {
    throw objectNotFound('MCP server', id);
  }
  return { endpoint, account };
}

/** Deletes endpoints that expired more than `days` ago, one slice per transaction. */
export async function purgeExpired(database: Store, now: number, days: number): Promise<void> {
  await purgeInSlices(database, (db) => store.purge(db, now - days * DAY_MS));
}

/** Merges a sent scope: sent keys replace, a null deletes, and missing keys stay. */
function merge(config: store.EndpointConfig, sent: ConfigInput | undefined): store.EndpointConfig {
  return Object.fromEntries(Object.entries({ ...config, ...sent }).filter(([, value]) => value !== null));
}

const sameScope = (a: store.EndpointConfig, b: store.EndpointConfig): boolean =>
  JSON.stringify([a.methods, a.tags]) === JSON.stringify([b.methods, b.tags]);

/** Throws if a scope selects no known tool, because such an endpoint would serve nothing. */
async function requireSomeTool(
  db: Db,
  budget: MemoryBudget,
  account: Account,
  { methods, tags }: store.EndpointConfig,
): Promise<void> {
  if (methods === undefined && tags === undefined) {
    return;
  }
  using reading = budget.hold(account.organizationId, 'lists', 0);
  const tools = await selectorsOf(db, account, reading);
  if (tools === null || selectTools(tools, { methods, tags }).length > 0) {
    return;
  }
  const wanted = [methods && `methods [${methods.join(', ')}]`, tags && `tags [${tags.join(', ')}]`].filter(Boolean);
  const available = methodsAndTagsOf(tools);
  throw new ApiError(
    'validation_failed',
    `No tool of this account matches ${wanted.join(' and ')}; available methods: ${list(available.methods)}, tags: ${list(available.tags)}.`,
  );
}

/** Returns the properties of the tools that an account may call, which scopes check; null if its server has not listed any yet. */
async function selectorsOf(db: Db, account: Account, held: HeldMemory): Promise<readonly Scoped[] | null> {
  if (account.kind === 'server') {
    // A transaction of the organization does not wait for room.
    return readListedTools(db, account, async (bytes) => held.resize(bytes));
  }
  const integration = await findIntegrationOf(db, account);
  const authoriser = authoriserOf(account, calledServiceOf(integration));
  const selectors = readJson(await integrations.selectors(db, account.integrationId)) as StoredSelector[];
  return selectors.filter((selector) => authoriser.of(selector).kind !== 'refused');
}

const list = (words: readonly string[]): string =>
  words.length === 0
    ? 'none'
    : [...words.slice(0, MAX_NAMED_WORDS), ...(words.length > MAX_NAMED_WORDS ? ['…'] : [])].join(', ');
