import { randomUUID } from 'node:crypto';
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
