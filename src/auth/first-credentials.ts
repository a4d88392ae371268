import { audit, GATEHOUSE } from '../audit/changes.ts';
import { hashSecret, type Ids, prefixOf } from '../base/ids.ts';
import type { Config } from '../config.ts';
import * as apiTokens from '../store/api-tokens.ts';
import * as keyPairs from '../store/key-pairs.ts';
import * as organizations from '../store/organizations.ts';
import * as settings from '../store/settings.ts';
import type { Db, Store } from '../store/store.ts';

/** The new credentials of a start. Only their hashes are stored. Credentials that the operator gave, or does not need, are null. */
export type NewCredentials = {
  readonly operatorToken: string | null;
  /** The first organization, on a database that has never had one. */
  readonly first: {
    readonly organizationId: string;
    readonly apiToken: string;
    readonly apiKey: string;
    readonly apiSecret: string;
  } | null;
};

const OPERATOR_TOKEN_HASH = 'operator_token_hash';
const FIRST_ORGANIZATION = 'first_organization';

/**
 * Creates the first organization and its credentials on a database that has never had any, and an operator token if one
 * is required and none exists. Returns the new credentials, or null. `keep` is awaited before anything is stored: if it
 * fails, nothing has changed, and the next start is again the first.
 */
export async function bootstrap(
  { store, now, ids }: { store: Store; now: () => number; ids: Ids },
  config: Pick<Config, 'adminToken' | 'adminAuth' | 'firstCredentials'>,
  keep: (made: NewCredentials) => Promise<void>,
): Promise<NewCredentials | null> {
  const needsOperator = config.adminAuth === 'required' && config.adminToken === null;
  const hasOperator = (await settings.get(store.read, OPERATOR_TOKEN_HASH)) !== null;
  const hasOrganization = (await settings.get(store.read, FIRST_ORGANIZATION)) !== null;
  const { apiToken, apiKey, apiSecret } = config.firstCredentials;
  const operatorToken = needsOperator && !hasOperator ? ids.secret('gop_') : null;
  const first = hasOrganization
    ? null
    : {
        organizationId: ids.organization(),
        apiToken: apiToken ?? ids.secret('gat_'),
        apiKey: apiKey ?? ids.secret('sk_'),
        apiSecret: apiSecret ?? ids.secret('s3cr3t_'),
      };
  if (operatorToken === null && first === null) {
    return null;
  }
  const made = { operatorToken, first };
  await keep(made);
  await store.write(async (db) => {
    if (operatorToken !== null) {
      await settings.set(db, OPERATOR_TOKEN_HASH, hashSecret(operatorToken));
    }
    if (first !== null) {
      await insertFirst(db, first, now(), ids);
    }
  });
  return made;
}

type First = NonNullable<NewCredentials['first']>;

async function insertFirst(
  db: Db,
  { organizationId, apiToken, apiKey, apiSecret }: First,
  at: number,
  ids: Ids,
): Promise<void> {
  const common = { organizationId, name: 'First start', expiresAt: null, createdAt: at };
  await settings.set(db, FIRST_ORGANIZATION, organizationId);
  await organizations.insert(db, { id: organizationId, name: 'Default', createdAt: at, updatedAt: at });
  await apiTokens.insert(db, {
    ...common,
    id: ids.uuid(),
    permissions: ['accounts', 'approvals'],
    prefix: prefixOf(apiToken),
    tokenHash: hashSecret(apiToken),
  });
  await keyPairs.insert(db, {
    ...common,
    id: ids.uuid(),
    permissions: ['servers', 'approvals'],
    prefix: prefixOf(apiKey),
    keyHash: hashSecret(apiKey),
    secretHash: hashSecret(apiSecret),
  });
  const target = { kind: 'organization', id: organizationId } as const;
  await audit(db, { at, actor: GATEHOUSE, organizationId, action: 'organization.created', target });
}

/** Returns the hash of the operator token; null if none is required. */
export async function operatorTokenHash(
  store: Store,
  { adminAuth, adminToken }: Pick<Config, 'adminToken' | 'adminAuth'>,
): Promise<string | null> {
  if (adminAuth === 'none') {
    return null;
  }
  return adminToken === null ? settings.get(store.read, OPERATOR_TOKEN_HASH) : hashSecret(adminToken);
}
