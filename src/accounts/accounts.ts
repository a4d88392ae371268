import { audit } from '../audit/changes.ts';
import { type AccountsCaller, mayApprove } from '../base/caller.ts';
import { invalidValue } from '../base/errors.ts';
import { type ExpectedVersion, requireVersion } from '../base/expected-version.ts';
import type { Deps } from '../deps.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import * as store from '../store/accounts.ts';
import * as integrations from '../store/integrations.ts';
import type { ListPart } from '../store/keyset.ts';
import type { Db } from '../store/store.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import { keptOf, requireComplete } from './account-credentials.ts';
import { createDocumentMemory } from './documents.ts';
import { objectNotFound } from './object-not-found.ts';
import { findMovedSecret } from './secret-moves.ts';

type Account = store.Account;
type ServiceAccount = store.ServiceAccount;
/** The fields of an account that a caller may set. */
export type AccountFields = Pick<ServiceAccount, 'tenantId' | 'authenticationMethod' | 'context'>;

/** The account belongs to a server, and changes only with it. */
export class ServerAccountFixed extends Error {
  override readonly name = 'ServerAccountFixed';
  readonly account: store.ServerAccount;

  constructor(account: store.ServerAccount) {
    super('the account of a server changes with the server only');
    this.account = account;
  }
}

/**
 * Creates an account for an integration of the organization of the caller, without contacting the service. Throws
 * `validation_failed`, `quota_exceeded`.
 */
export async function createAccount(
  { store: { writeFor }, now, ids, quotas }: Deps,
  caller: AccountsCaller,
  integrationId: string,
  fields: AccountFields,
): Promise<ServiceAccount> {
  const at = now();
  const { organizationId } = caller;
  return writeFor(caller.organizationId, async (db) => {
    const integration = await integrations.find(db, organizationId, integrationId);
    if (integration === null) {
      throw invalidValue(['integrationId'], `no integration has the id ${integrationId}`, 'invalid');
    }
    requireComplete(fields, integration);
    const account = {
      ...fields,
      id: ids.uuid(),
      organizationId,
      integrationId,
      isByOperation: true,
      status: 'active' as const,
      createdAt: at,
      updatedAt: at,
    };
    await withinQuotas(db, quotas, organizationId, ['accounts'], () => store.insert(db, account));
    await audit(db, { at, actor: caller, action: 'account.created', target: { kind: 'account', id: account.id } });
    return { ...account, kind: 'service', version: 1, integrationName: integration.name };
  });
}

/**
 * Changes the given fields; `context` changes key by key. All required keys must be present afterwards. A secret that
 * would go to another host must be given again, unless the caller has the permission `approvals`. Throws `not_found`,
 * `precondition_failed`, `validation_failed`, and ServerAccountFixed.
 */
export async function updateAccount(
  deps: Deps,
  caller: AccountsCaller,
  id: string,
  changes: Partial<AccountFields>,
  expected: ExpectedVersion,
): Promise<ServiceAccount> {
  const { store: database, now } = deps;
  const checked = mayApprove(caller) ? null : await requireSecretStays(deps, caller, id, changes);
  const stored = await database.writeFor(caller.organizationId, async (db) => {
    const before = await findServiceAccount(db, caller, id);
    requireVersion(expected, before.version);
    if (Object.keys(changes).length === 0) {
      return before;
    }
    const integration = await findIntegrationOf(db, before);
    if (checked !== null && checked !== versionsOf(before, integration)) {
      return null;
    }
    const after = { ...changed(before, changes), updatedAt: Math.max(now(), before.updatedAt) };
    requireComplete(after, integration);
    const updated = await store.update(db, after, before.version);
    if (updated === null) {
      throw objectNotFound('integrated account', id);
    }
    const mayLeadElsewhere = changes.context !== undefined || changes.authenticationMethod !== undefined;
    // Who approved the tools has not seen where their calls lead now, and on whose behalf.
    const ended =
      mayLeadElsewhere && !mayApprove(caller) ? await toolApprovals.removeRunning(db, before.organizationId, [id]) : 0;
    await audit(db, {
      at: after.updatedAt,
      actor: caller,
      action: 'account.updated',
      target: { kind: 'account', id },
      details: {
        changed: [...Object.keys(changes).filter((key) => key !== 'context'), ...contextKeys(changes)],
        ...(ended > 0 && { ended_tool_approvals: ended }),
      },
    });
    return updated;
  });
  // The checked rows have changed: start again.
  return stored ?? updateAccount(deps, caller, id, changes, expected);
}

/**
 * Throws if a change keeps a secret and sends it to another host. Returns the versions of the checked rows. It may
 * read all tools of the integration, so it runs before the transaction.
 */
async function requireSecretStays(
  { store: { read }, budget }: Deps,
  caller: AccountsCaller,
  id: string,
  changes: Partial<AccountFields>,
): Promise<string> {
  const before = await findServiceAccount(read, caller, id);
  const integration = await findIntegrationOf(read, before);
  using memory = createDocumentMemory(budget, caller.organizationId);
  const given = Object.keys(changes.context ?? {});
  const secret = await findMovedSecret(read, integration, before, changed(before, changes), given, memory);
  if (secret !== null) {
    const message = 'is required again, for this change sends it to another host; or use a token with `approvals`';
    throw invalidValue(['context', secret], message, 'required');
  }
  return versionsOf(before, integration);
}

const versionsOf = (account: ServiceAccount, integration: integrations.Integration): string =>
  `${account.version} ${integration.version}`;

/** Finds the integration of an account. Throws `not_found`. */
export async function findIntegrationOf(db: Db, account: ServiceAccount): Promise<integrations.Integration> {
  const integration = await integrations.find(db, account.organizationId, account.integrationId);
  if (integration === null) {
    throw objectNotFound('integration', account.integrationId);
  }
  return integration;
}

const changed = (before: ServiceAccount, changes: Partial<AccountFields>): ServiceAccount => ({
  ...before,
  ...changes,
  // Whoever says the method anew means what it says now.
  isByOperation: before.isByOperation || changes.authenticationMethod !== undefined,
  context: {
    ...keptOf(before.context, changes.authenticationMethod ?? before.authenticationMethod),
    ...changes.context,
  },
});

/**
 * Deletes an account with its endpoints; their tokens become unknown at once. Throws `not_found`,
 * `precondition_failed`, and ServerAccountFixed.
 */
export async function deleteAccount(
  { store: { writeFor }, now }: Deps,
  caller: AccountsCaller,
  id: string,
  expected: ExpectedVersion,
): Promise<void> {
  await writeFor(caller.organizationId, async (db) => {
    const { version } = await findServiceAccount(db, caller, id);
    requireVersion(expected, version);
    await store.remove(db, caller.organizationId, id);
    await audit(db, { at: now(), actor: caller, action: 'account.deleted', target: { kind: 'account', id } });
  });
}

/** Returns a part of the matching accounts of the organization of the caller, newest first. */
export const listAccounts = (
  { store: { read } }: Deps,
  { organizationId }: AccountsCaller,
  part: ListPart,
  filter: store.AccountFilter,
): Promise<Account[]> => store.page(read, organizationId, part, filter);

/** Returns the current account of the organization of the caller. Throws `not_found`. */
export const getAccount = ({ store: { read } }: Deps, caller: AccountsCaller, id: string): Promise<Account> =>
  findAccount(read, caller, id);

/**
 * Finds an account of the organization of the caller. Throws `not_found`, also for an account of another
 * organization.
 */
export async function findAccount(db: Db, caller: AccountsCaller, id: string): Promise<Account> {
  const account = await store.find(db, caller.organizationId, id);
  if (account === null) {
    throw objectNotFound('integrated account', id);
  }
  return account;
}

/** Finds an account of a service. Throws `not_found`, and ServerAccountFixed. */
export async function findServiceAccount(db: Db, caller: AccountsCaller, id: string): Promise<ServiceAccount> {
  const account = await findAccount(db, caller, id);
  if (account.kind === 'server') {
    throw new ServerAccountFixed(account);
  }
  return account;
}

const contextKeys = ({ context = {} }: Partial<AccountFields>): string[] =>
  Object.keys(context).map((key) => `context.${key}`);
