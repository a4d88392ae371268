import { randomUUID } from 'node:crypto';
import * as accounts from '../../../src/store/accounts.ts';
import type { NewEndpoint } from '../../../src/store/endpoints.ts';
import * as integrations from '../../../src/store/integrations.ts';
import * as organizations from '../../../src/store/organizations.ts';
import type { NewServer } from '../../../src/store/servers.ts';
import type { Store } from '../../../src/store/store.ts';

/** Stores an organization and returns its id. */
export async function anOrganization(store: Store, id = `org_${randomUUID()}`, createdAt = 1000): Promise<string> {
  await store.write((db) => organizations.insert(db, { id, name: `Name of ${id}`, createdAt, updatedAt: createdAt }));
  return id;
}

/** A server to insert, unlike any other only in its id. */
export function aServer(organizationId: string, changes: Partial<NewServer> = {}): NewServer {
  return {
    id: randomUUID(),
    organizationId,
    name: 'Weather',
    description: 'Forecasts',
    url: 'https://weather.example.com/mcp',
    transport: 'STREAMABLE_HTTP',
    requestHeaders: { Authorization: 'Bearer upstream' },
    approvalPolicy: 'require_approval_all',
    tags: ['read', 'public'],
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** What an integration was made of, as short as can be. */
export const CONTENTS: integrations.Contents = {
  document: Buffer.from('document'),
  tools: Buffer.from('tools'),
  selectors: '[]',
};

/** An integration to insert, unlike any other only in its id. */
export function anIntegration(
  organizationId: string,
  changes: Partial<integrations.NewIntegration> = {},
): integrations.NewIntegration {
  return {
    id: randomUUID(),
    organizationId,
    name: 'petstore',
    baseUrl: 'https://pets.example.com',
    toolTags: { listPets: ['read', 'pets'] },
    approvalPolicy: 'require_approval_all',
    toolCount: 3,
    skipped: [{ operation: 'GET /ü', reason: 'no' }],
    service: '{"title":"Pets"}',
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** An account to insert, unlike any other of its integration only in its id. */
export function anAccount(
  { id, organizationId }: { id: string; organizationId: string },
  changes: Partial<accounts.NewAccount> = {},
): accounts.NewAccount {
  return {
    id: randomUUID(),
    organizationId,
    integrationId: id,
    tenantId: 'acme-1',
    authenticationMethod: 'api_key',
    context: { api_key: 'upstream' },
    status: 'active',
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** An endpoint to insert, unlike any other of its account only in its id and token. */
export function anEndpoint(accountId: string, changes: Partial<NewEndpoint> = {}): NewEndpoint {
  const id = randomUUID();
  return {
    id,
    accountId,
    name: 'Support',
    config: { tags: ['support'], methods: ['read', 'list'] },
    expiresAt: null,
    createdBy: 'token-1',
    tokenHash: `hash of ${id}`,
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  };
}

/** Stores an integration of an organization and returns it. */
export async function storedIntegration(
  store: Store,
  organizationId: string,
  changes: Partial<integrations.NewIntegration> = {},
): Promise<integrations.Integration> {
  return store.write((db) => integrations.insert(db, anIntegration(organizationId, changes), CONTENTS));
}

/** Stores an account of an integration and returns its id. */
export async function storedAccount(
  store: Store,
  integration: { id: string; organizationId: string },
  changes: Partial<accounts.NewAccount> = {},
): Promise<string> {
  const account = anAccount(integration, changes);
  await store.write((db) => accounts.insert(db, account));
  return account.id;
}
