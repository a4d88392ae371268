import { readJson } from '../base/read-json.ts';
import {
  type ApprovalPolicy,
  type OutputSchemas,
  readApprovalPolicy,
  readOutputSchemas,
  readUndocumented,
  type Undocumented,
} from '../contract/closed-words.ts';
import { DeletedMeanwhile } from './errors.ts';
import type { ListPart } from './keyset.ts';
import type { Database } from './schema.ts';
import type { Db } from './store.ts';

/** A service that an OpenAPI document describes. Times are milliseconds since the epoch. */
export type Integration = {
  id: string;
  organizationId: string;
  name: string;
  /** The URL of the service, in place of the document's servers; null means the document's. */
  baseUrl: string | null;
  toolTags: Record<string, string[]>;
  approvalPolicy: ApprovalPolicy;
  /** Seconds that one call may take in all; null means the default. */
  timeoutSeconds: number | null;
  /** Whether its tools show the schema of their answers. */
  outputSchemas: OutputSchemas;
  /** The rules of names and methods: 1 for integrations of earlier versions, until they are moved. */
  naming: 1 | 2;
  /** Whether operations without a text give tools. */
  undocumented: Undocumented;
  /** How many people must approve a call that waits. */
  requiredApprovals: number;
  toolCount: number;
  /** The size of the definitions of all tools as JSON, in bytes; null for tools of an earlier version. */
  toolsBytes: number | null;
  skipped: { operation: string; reason: string }[];
  /** Warnings about the document; a null operation means the whole document. */
  warnings: { operation: string | null; message: string }[];
  /** The document's facts about the service: JSON that the `tools` module reads and writes. */
  service: string;
  /** Grows by one with every update. */
  version: number;
  createdAt: number;
  updatedAt: number;
};

/** An integration, before it is stored. */
export type NewIntegration = Omit<Integration, 'version'>;

/** The document of an integration, and the tools created from it. */
export type Contents = {
  /** The document, compressed. */
  document: Uint8Array;
  /** Its tools, compressed; the `tools` module reads them. */
  tools: Uint8Array;
  /** The properties of tools that scopes check, as JSON: small, and enough to check a scope. */
  selectors: string;
};

/** Stores a new integration, version 1, with its contents, and returns it. */
export async function insert(db: Db, integration: NewIntegration, contents: Contents): Promise<Integration> {
  const created = { ...integration, version: 1 };
  await db.sql.insertInto('integrations').values(toRow(created)).execute();
  await db.sql
    .insertInto('integration_contents')
    .values({ integration_id: created.id, organization_id: created.organizationId, ...contents })
    .execute();
  return created;
}

/** Returns an organization's integration, or null. */
export async function find(db: Db, organizationId: string, id: string): Promise<Integration | null> {
  const row = await db.sql
    .selectFrom('integrations')
    .selectAll()
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst();
  return row ? toIntegration(row) : null;
}

/** Returns the ids of an organization's integrations with that name. */
export async function idsOf(db: Db, organizationId: string, name: string): Promise<string[]> {
  const rows = await db.sql
    .selectFrom('integrations')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('name', '=', name)
    .execute();
  return rows.map(({ id }) => id);
}

/** Returns the properties of an integration's tools that scopes check. Throws DeletedMeanwhile. */
export async function selectors(db: Db, id: string): Promise<string> {
  const row = await contentsOf(db, id).select('selectors').executeTakeFirstOrThrow(deleted);
  return row.selectors;
}

/** Returns the compressed tools of an integration. Throws DeletedMeanwhile. */
export async function tools(db: Db, id: string): Promise<Uint8Array> {
  const row = await contentsOf(db, id).select('tools').executeTakeFirstOrThrow(deleted);
  return row.tools;
}

/** Returns the compressed document of an integration. Throws DeletedMeanwhile. */
export async function document(db: Db, id: string): Promise<Uint8Array> {
  const row = await contentsOf(db, id).select('document').executeTakeFirstOrThrow(deleted);
  return row.document;
}

const deleted = () => new DeletedMeanwhile('the integration was deleted meanwhile');

const contentsOf = (db: Db, id: string) => db.sql.selectFrom('integration_contents').where('integration_id', '=', id);

/** Returns a part of an organization's integrations, newest first. */
export async function page(db: Db, organizationId: string, { before, limit }: ListPart): Promise<Integration[]> {
  let select = db.sql.selectFrom('integrations').selectAll().where('organization_id', '=', organizationId);
  if (before) {
    select = select.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('created_at', 'id'), '<', tuple(before.at, before.id)),
    );
  }
  const rows = await select.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map(toIntegration);
}

/**
 * Replaces an integration if its version is still `expectedVersion`, with its contents if given, and returns it with
 * the next version; returns null if it was changed or deleted. `organizationId` and `createdAt` do not change.
 */
export async function update(
  db: Db,
  integration: Integration,
  expectedVersion: number,
  newContents: Contents | null,
): Promise<Integration | null> {
  const updated = { ...integration, version: expectedVersion + 1 };
  const { id, organization_id, created_at, ...changes } = toRow(updated);
  const { numUpdatedRows } = await db.sql
    .updateTable('integrations')
    .set(changes)
    .where('id', '=', id)
    .where('organization_id', '=', organization_id)
    .where('version', '=', expectedVersion)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) {
    return null;
  }
  if (newContents) {
    await db.sql.updateTable('integration_contents').set(newContents).where('integration_id', '=', id).execute();
  }
  return updated;
}

/** Deletes an integration, which must have no accounts. Returns false if there is none. */
export async function remove(db: Db, organizationId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.sql
    .deleteFrom('integrations')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

function toRow(integration: Integration): Database['integrations'] {
  return {
    id: integration.id,
    organization_id: integration.organizationId,
    name: integration.name,
    base_url: integration.baseUrl,
    tool_tags: JSON.stringify(integration.toolTags),
    approval_policy: integration.approvalPolicy,
    timeout_seconds: integration.timeoutSeconds,
    output_schemas: integration.outputSchemas,
    naming: integration.naming,
    undocumented: integration.undocumented,
    required_approvals: integration.requiredApprovals,
    tool_count: integration.toolCount,
    tools_bytes: integration.toolsBytes,
    skipped: JSON.stringify(integration.skipped),
    warnings: JSON.stringify(integration.warnings),
    service: integration.service,
    version: integration.version,
    created_at: integration.createdAt,
    updated_at: integration.updatedAt,
  };
}

function toIntegration(row: Database['integrations']): Integration {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    baseUrl: row.base_url,
    toolTags: readJson(row.tool_tags) as Integration['toolTags'],
    approvalPolicy: readApprovalPolicy(row.approval_policy, 'integrations', row.id),
    timeoutSeconds: row.timeout_seconds,
    outputSchemas: readOutputSchemas(row.output_schemas, 'integrations', row.id),
    naming: row.naming === 1 ? 1 : 2,
    undocumented: readUndocumented(row.undocumented, 'integrations', row.id),
    requiredApprovals: row.required_approvals,
    toolCount: row.tool_count,
    toolsBytes: row.tools_bytes,
    skipped: readJson(row.skipped) as Integration['skipped'],
    warnings: readJson(row.warnings) as Integration['warnings'],
    service: row.service,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
