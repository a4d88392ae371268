import { audit } from '../audit/changes.ts';
import { requireOrganization } from '../auth/credentials.ts';
import { type AccountsCaller, mayApprove, requirePermission } from '../base/caller.ts';
import { conflict, invalidValue } from '../base/errors.ts';
import { type ExpectedVersion, requireVersion } from '../base/expected-version.ts';
import { createKeyedQueue } from '../base/keyed-queue.ts';
import { readJson } from '../base/read-json.ts';
import type { StoredService } from '../calls/service.ts';
import { isLooser } from '../contract/approval-policies.ts';
import type { Deps } from '../deps.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import * as accounts from '../store/accounts.ts';
import * as store from '../store/integrations.ts';
import type { ListPart } from '../store/keyset.ts';
import type { Db } from '../store/store.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import {
  createDocumentMemory,
  type Document,
  type DocumentMemory,
  type DocumentSource,
  importDocument,
  readDocument,
  unpackDocument,
} from './documents.ts';
import { objectNotFound } from './object-not-found.ts';
import { findRenamed, type RenamedTool } from './renamed-tools.ts';
import { findSecretMoves } from './secret-moves.ts';

type Integration = store.Integration;
/** The fields of an integration that a caller may set, besides the document. */
export type IntegrationFields = Pick<
  Integration,
  | 'name'
  | 'baseUrl'
  | 'toolTags'
  | 'approvalPolicy'
  | 'timeoutSeconds'
  | 'outputSchemas'
  | 'undocumented'
  | 'naming'
  | 'requiredApprovals'
>;

/** The maximum size of the tags of an integration as JSON, in bytes: lists show them. */
const MAX_TAG_BYTES = 256 * 1024;

/** The maximum number of accounts that a refusal to delete counts. */
const MAX_COUNTED_ACCOUNTS = 1000;

/**
 * Derives tools from a document and stores them. Throws `validation_failed` if the document is unusable, `forbidden`
 * for a policy that is looser than the default without the permission `approvals`, and `quota_exceeded`.
 */
export async function createIntegration(
  deps: Deps,
  caller: AccountsCaller,
  fields: IntegrationFields,
  source: DocumentSource,
): Promise<Integration> {
  const { store: database, now, ids, quotas } = deps;
  requireRoom(fields.toolTags);
  requireMayLoosen(caller, { approvalPolicy: deps.integrationPolicy, requiredApprovals: 1 }, fields);
  const { organizationId } = caller;
  using memory = createDocumentMemory(deps.budget, organizationId);
  const document = await readDocument(deps, organizationId, source, memory);
  const { facts, contents } = await importDocument(document, { ...fields, organizationId }, undefined, memory);
  const at = now();
  return database.writeFor(caller.organizationId, async (db) => {
    await requireOrganization(db, organizationId);
    const integration = { ...fields, ...facts, id: ids.uuid(), organizationId, createdAt: at, updatedAt: at };
    const created = await withinQuotas(db, quotas, organizationId, ['integrations', 'tool_bytes'], () =>
      store.insert(db, integration, contents),
    );
    await audit(db, {
      at,
      actor: caller,
      action: 'integration.created',
      target: { kind: 'integration', id: created.id },
    });
    return created;
  });
}

/** An updated integration, and its tools that have another name or method than before. */
type Updated = { readonly integration: Integration; readonly renamed: readonly RenamedTool[] };

/** Updates of one integration run one after another: they derive tools from the state that they change. */
const updates = createKeyedQueue();

/**
 * Changes the given fields. A new document or setting that tools are made by makes them again, before the transaction,
 * because this takes time. The permission `approvals` is required for a looser policy; for another document or base URL if the
 * policy is looser than the default; and for a change that sends credentials of accounts to another host. Throws
 * `not_found`, `precondition_failed`, `validation_failed`, `forbidden`, and `quota_exceeded` if the tools grow beyond
 * the quota.
 */
export async function updateIntegration(
  deps: Deps,
  caller: AccountsCaller,
  id: string,
  changes: Partial<IntegrationFields>,
  source: DocumentSource | null,
  expected: ExpectedVersion,
): Promise<Updated> {
  await findIntegration(deps.store.read, caller, id);
  requireRoom(changes.toolTags);
  using memory = createDocumentMemory(deps.budget, caller.organizationId);
  const document = source === null ? null : await readDocument(deps, caller.organizationId, source, memory);
  return await updates(id, () => updateInTurn(deps, caller, id, changes, document, memory, expected));
}

async function updateInTurn(
  { store: database, now, quotas, integrationPolicy }: Deps,
  caller: AccountsCaller,
  id: string,
  changes: Partial<IntegrationFields>,
  given: Document | null,
  memory: DocumentMemory,
  expected: ExpectedVersion,
): Promise<Updated> {
  const before = await findIntegration(database.read, caller, id);
  requireVersion(expected, before.version);
  requireMayLoosen(caller, before, { ...before, ...changes });
  const changed = [...Object.keys(changes), ...(given === null ? [] : ['document'])];
  if (changed.length === 0) {
    return { integration: before, renamed: [] };
  }
  const fields = { ...before, ...changes };
  const mayLeadElsewhere = given !== null || fields.baseUrl !== before.baseUrl;
  // The rules of `naming` say which calls read.
  const mayRunMore = mayLeadElsewhere || fields.naming !== before.naming;
  if (mayRunMore && isLooser(fields.approvalPolicy, integrationPolicy)) {
    const reason = `under ${fields.approvalPolicy}, which is looser than what integrations here have by default, its document, base_url and naming say what runs without a person.`;
    requirePermission(caller, 'approvals', reason);
  }
  const document = given ?? (needsImport(changes) ? await storedDocument(database.read, before, memory) : null);
  const imported = document === null ? null : await importDocument(document, fields, sharedOf(before), memory);
  const renamed =
    imported === null ? [] : await findRenamed(await store.tools(database.read, id), imported.contents.tools, memory);
  const moves =
    mayLeadElsewhere && !mayApprove(caller)
      ? await findSecretMoves(
          database.read,
          before,
          { ...fields, ...imported?.facts },
          imported?.contents.tools ?? null,
          memory,
        )
      : null;
  const at = Math.max(now(), before.updatedAt);
  return database.writeFor(caller.organizationId, async (db) => {
    if (moves?.(await accounts.secretKindsOf(db, id))) {
      requirePermission(caller, 'approvals', 'the credentials of its accounts would be sent to another host.');
    }
    const after = { ...fields, ...imported?.facts, updatedAt: at };
    const stored = await withinQuotas(db, quotas, before.organizationId, ['tool_bytes'], () =>
      store.update(db, after, before.version, imported?.contents ?? null),
    );
    if (stored === null) {
      throw objectNotFound('integration', id);
    }
    const { organizationId } = before;
    // Who approved the tools has not seen where their calls lead now.
    const ended =
      mayRunMore && !mayApprove(caller)
        ? await toolApprovals.removeRunning(db, organizationId, await toolApprovals.runningOf(db, organizationId, id))
        : 0;
    await audit(db, {
      at,
      actor: caller,
      action: 'integration.updated',
      target: { kind: 'integration', id },
      details: { changed, ...(ended > 0 && { ended_tool_approvals: ended }) },
    });
    return { integration: stored, renamed };
  });
}

/**
 * Deletes an integration without accounts. Throws `not_found`, `precondition_failed`, and `conflict` while there are
 * accounts.
 */
export async function deleteIntegration(
  { store: database, now }: Deps,
  caller: AccountsCaller,
  id: string,
  expected: ExpectedVersion,
): Promise<void> {
  await database.writeFor(caller.organizationId, async (db) => {
    const { version } = await findIntegration(db, caller, id);
    requireVersion(expected, version);
    const left = await accounts.countOf(db, id, MAX_COUNTED_ACCOUNTS);
    if (left > 0) {
      const many = `${left}${left === MAX_COUNTED_ACCOUNTS ? ' or more' : ''} account${left === 1 ? '' : 's'}`;
      throw conflict(`The integration has ${many}; delete them first.`);
    }
    await store.remove(db, caller.organizationId, id);
    await audit(db, { at: now(), actor: caller, action: 'integration.deleted', target: { kind: 'integration', id } });
  });
}

/** Returns a part of the integrations of the organization of the caller, newest first. */
export const listIntegrations = (
  { store: { read } }: Deps,
  { organizationId }: AccountsCaller,
  part: ListPart,
): Promise<Integration[]> => store.page(read, organizationId, part);

/** Returns the current integration. Throws `not_found`. */
export const getIntegration = ({ store: { read } }: Deps, caller: AccountsCaller, id: string): Promise<Integration> =>
  findIntegration(read, caller, id);

/**
 * Finds an integration of the organization of the caller. Throws `not_found`, also for an integration of another
 * organization.
 */
export async function findIntegration(db: Db, caller: AccountsCaller, id: string): Promise<Integration> {
  const integration = await store.find(db, caller.organizationId, id);
  if (integration === null) {
    throw objectNotFound('integration', id);
  }
  return integration;
}

type ApprovalRules = Pick<Integration, 'approvalPolicy' | 'requiredApprovals'>;

/** Throws unless the caller may loosen the rules: agents that call tools must not approve their own calls. */
function requireMayLoosen(caller: AccountsCaller, before: ApprovalRules, after: ApprovalRules): void {
  if (isLooser(after.approvalPolicy, before.approvalPolicy) || after.requiredApprovals < before.requiredApprovals) {
    requirePermission(caller, 'approvals');
  }
}

/** Throws if new tags exceed the maximum size. Stored tags may stay. */
function requireRoom(toolTags: Integration['toolTags'] = {}): void {
  if (Buffer.byteLength(JSON.stringify(toolTags)) > MAX_TAG_BYTES) {
    throw invalidValue(['toolTags'], `must not have more than ${MAX_TAG_BYTES} bytes in all`, 'invalid');
  }
}

/** The settings that tools are made by. */
const OF_TOOLS = ['name', 'toolTags', 'outputSchemas', 'undocumented', 'naming'] as const;

const needsImport = (changes: Partial<IntegrationFields>): boolean =>
  OF_TOOLS.some((key) => changes[key] !== undefined);

/** The segments that are in no resource of an integration; absent where they are still to be found. */
const sharedOf = ({ service }: Integration): readonly string[] | undefined =>
  (readJson(service) as StoredService).shared;

async function storedDocument(db: Db, { id, service }: Integration, memory: DocumentMemory): Promise<Document> {
  const { documentUrl } = readJson(service) as StoredService;
  return { bytes: await unpackDocument(await store.document(db, id), memory), url: documentUrl, path: [] };
}
