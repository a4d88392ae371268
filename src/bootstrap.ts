import { audit, GATEHOUSE } from './audit.ts';
import type { Config } from './config.ts';
import { hashSecret, type Ids, prefixOf } from './ids.ts';
import * as apiTokens from './store/api-tokens.ts';
import * as keyPairs from './store/key-pairs.ts';
import * as organizations from './store/organizations.ts';
import * as settings from './store/settings.ts';
import type { Store } from './store/store.ts';

/** What the first start made, to be shown once. `operatorToken` is null when the operator gave their own or needs none. */
export type FirstCredentials = {
  readonly organizationId: string;
  readonly operatorToken: string | null;
  readonly apiToken: string;
  readonly apiKey: string;
  readonly apiSecret: string;
};

const OPERATOR_TOKEN_HASH = 'operator_token_hash';

/**
 * Makes the first organization and credentials on a database that has never had any; null on every later start. One
 * transaction: a start that is interrupted leaves nothing, and the next one is the first again.
 */
export async function bootstrap(
  { store, now, ids }: { store: Store; now: () => number; ids: Ids },
  config: Pick<Config, 'adminToken' | 'adminAuth' | 'firstCredentials'>,
): Promise<FirstCredentials | null> {
  return store.write(async (db) => {
    if ((await settings.get(db, OPERATOR_TOKEN_HASH)) !== null) {
      return null;
    }
    const operatorToken = ids.secret('gop_');
    const { apiToken, apiKey, apiSecret } = config.firstCredentials;
    const given = config.adminToken !== null || config.adminAuth === 'none';
    const made = {
      organizationId: ids.organization(),
      operatorToken: given ? null : operatorToken,
      apiToken: apiToken ?? ids.secret('gat_'),
      apiKey: apiKey ?? ids.secret('sk_'),
      apiSecret: apiSecret ?? ids.secret('s3cr3t_'),
    };
    const at = now();
    const { organizationId } = made;
    const common = { organizationId, name: 'First start', expiresAt: null, createdAt: at };
    await settings.set(db, OPERATOR_TOKEN_HASH, hashSecret(operatorToken));
    await organizations.insert(db, { id: organizationId, name: 'Default', createdAt: at, updatedAt: at });
    await apiTokens.insert(db, {
      ...common,
      id: ids.uuid(),
      prefix: prefixOf(made.apiToken),
      tokenHash: hashSecret(made.apiToken),
    });
    await keyPairs.insert(db, {
      ...common,
      id: ids.uuid(),
      permissions: ['servers', 'approvals'],
      prefix: prefixOf(made.apiKey),
      keyHash: hashSecret(made.apiKey),
      secretHash: hashSecret(made.apiSecret),
    });
    const target = { kind: 'organization', id: organizationId } as const;
    await audit(db, { at, actor: GATEHOUSE, organizationId, action: 'organization.created', target });
    return made;
  });
}

/** The hash of the token that the operator must send; null when they need none. */
export async function operatorTokenHash(
  store: Store,
  { adminAuth, adminToken }: Pick<Config, 'adminToken' | 'adminAuth'>,
): Promise<string | null> {
  if (adminAuth === 'none') {
    return null;
  }
  return adminToken === null ? settings.get(store.read, OPERATOR_TOKEN_HASH) : hashSecret(adminToken);
}
