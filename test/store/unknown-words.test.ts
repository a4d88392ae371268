import { expect, it } from 'vitest';
import { UnknownWord } from '../../src/contract/closed-words.ts';
import * as accounts from '../../src/store/accounts.ts';
import * as apiTokens from '../../src/store/api-tokens.ts';
import * as auditEvents from '../../src/store/audit-events.ts';
import * as integrations from '../../src/store/integrations.ts';
import * as keyPairs from '../../src/store/key-pairs.ts';
import * as servers from '../../src/store/servers.ts';
import * as sharedServers from '../../src/store/shared-servers.ts';
import type { Db, Store } from '../../src/store/store.ts';
import * as webhooks from '../../src/store/webhooks.ts';
import { onBothEngines } from './support/harness.ts';
import {
  aConfig,
  aKeyPair,
  anAuditEvent,
  anOrganization,
  aServer,
  aToken,
  storedAccount,
  storedIntegration,
  storedSharedServer,
} from './support/samples.ts';
import { storedWebhook } from './support/webhooks.ts';

/** A word that this version does not know, as a later one may have stored it. */
const LATER = 'of_a_later_version' as never;
const PAGE = { offset: 0, limit: 10, sort: 'created_at', order: 'asc' } as const;

/** The row that holds the word, and every way to read it. */
type Case = { readonly row: string; readonly reads: readonly (() => Promise<unknown>)[] };

/** Each stores a row with the word. */
const CASES: readonly [kind: string, store: (store: Store, organizationId: string) => Promise<Case>][] = [
  [
    'approval policy',
    async (store, organizationId) => {
      const { id } = await storedServer(store, organizationId, { approvalPolicy: LATER });
      return {
        row: `servers ${id}`,
        reads: [
          () => servers.find(store.read, organizationId, id),
          () => servers.page(store.read, organizationId, PAGE),
          () => servers.heldBack(store.read, organizationId),
        ],
      };
    },
  ],
  ...(['format', 'events'] as const).map((field): (typeof CASES)[number] => [
    field === 'format' ? 'format of a webhook' : 'event',
    async (store, organizationId) => {
      const { id } = await storedWebhook(store, organizationId, { [field]: field === 'format' ? LATER : [LATER] });
      return {
        row: `webhooks ${id}`,
        reads: [
          () => webhooks.find(store.read, organizationId, id),
          () => webhooks.list(store.read, organizationId),
          () => webhooks.findReceiver(store.read, id, 1),
        ],
      };
    },
  ]),
  [
    'state of a delivery',
    async (store, organizationId) => {
      const { id } = await storedWebhook(store, organizationId);
      const last = { eventId: 'evt_1', type: 't', status: LATER, tries: 1, at: 1, responseStatus: null, error: null };
      await store.write((db) => webhooks.noteDelivery(db, id, last));
      return { row: `webhooks ${id}`, reads: [() => webhooks.find(store.read, organizationId, id)] };
    },
  ],
  [
    'transport',
    async (store, organizationId) => {
      const { id } = await storedServer(store, organizationId, { transport: LATER });
      return { row: `servers ${id}`, reads: [() => servers.find(store.read, organizationId, id)] };
    },
  ],
  [
    'approval policy',
    async (store, organizationId) => {
      const { id } = await storedIntegration(store, organizationId, { approvalPolicy: LATER });
      return {
        row: `integrations ${id}`,
        reads: [
          () => integrations.find(store.read, organizationId, id),
          () => integrations.page(store.read, organizationId, { limit: 10 }),
        ],
      };
    },
  ],
  [
    'account status',
    async (store, organizationId) => {
      const id = await storedAccount(store, await storedIntegration(store, organizationId), { status: LATER });
      return {
        row: `accounts ${id}`,
        reads: [
          () => accounts.find(store.read, organizationId, id),
          () => accounts.page(store.read, organizationId, { limit: 10 }, {}),
        ],
      };
    },
  ],
  [
    'authentication method',
    async (store, organizationId) => {
      const integration = await storedIntegration(store, organizationId);
      const id = await storedAccount(store, integration, { authenticationMethod: LATER });
      return {
        row: `accounts (?:${id}|of integration ${integration.id})`,
        reads: [
          () => accounts.find(store.read, organizationId, id),
          () => accounts.secretKindsOf(store.read, integration.id),
        ],
      };
    },
  ],
  [
    'transport',
    async (store) => {
      const { id } = await storedSharedServer(store, [], { mcpServer: aConfig({ transport: LATER }), enabled: false });
      return { row: `shared_servers ${id}`, reads: [() => sharedServers.find(store.read, id)] };
    },
  ],
  [
    'encoding error handler',
    async (store) => {
      const mcpServer = aConfig({ encodingErrorHandler: LATER });
      const { id } = await storedSharedServer(store, [], { mcpServer, enabled: false });
      return { row: `shared_servers ${id}`, reads: [() => sharedServers.find(store.read, id)] };
    },
  ],
  [
    'permission of an API token',
    async (store, organizationId) => {
      const { id } = await store.write(async (db) => {
        const created = await apiTokens.insert(db, { ...aToken(organizationId), tokenHash: organizationId });
        await setPermissions(db, 'api_tokens', organizationId);
        return created;
      });
      return {
        row: `api_tokens ${id}`,
        reads: [
          () => apiTokens.findByHash(store.read, organizationId),
          () => apiTokens.list(store.read, organizationId),
        ],
      };
    },
  ],
  [
    'permission of a key pair',
    async (store, organizationId) => {
      const { id } = await store.write(async (db) => {
        const created = await keyPairs.insert(db, { ...aKeyPair(organizationId), keyHash: organizationId });
        await setPermissions(db, 'key_pairs', organizationId);
        return created;
      });
      return {
        row: `key_pairs ${id}`,
        reads: [
          () => keyPairs.findByKeyHash(store.read, organizationId),
          () => keyPairs.list(store.read, organizationId),
        ],
      };
    },
  ],
  [
    'kind of actor',
    async (store, organizationId) => {
      const event = anAuditEvent({ organizationId, actor: { kind: LATER, id: null, name: 'x' } });
      const id = await storedEvent(store, event);
      return { row: `audit_events ${id}`, reads: [() => auditEvents.page(store.read, { organizationId, limit: 10 })] };
    },
  ],
  [
    'outcome',
    async (store, organizationId) => {
      const id = await storedEvent(store, anAuditEvent({ organizationId, outcome: LATER }));
      return { row: `audit_events ${id}`, reads: [() => auditEvents.page(store.read, { organizationId, limit: 10 })] };
    },
  ],
];

const setPermissions = ({ sql }: Db, table: 'api_tokens' | 'key_pairs', organizationId: string) =>
  sql
    .updateTable(table)
    .set({ permissions: JSON.stringify([LATER]) })
    .where('organization_id', '=', organizationId)
    .execute();

async function storedEvent(store: Store, event: auditEvents.NewAuditEvent): Promise<string> {
  const [stored] = await store.write((db) => auditEvents.insert(db, [event]));
  return stored?.id ?? '';
}

const storedServer = (store: Store, organizationId: string, changes: Parameters<typeof aServer>[1]) =>
  store.write((db) => servers.insert(db, aServer(organizationId, changes)));

onBothEngines(({ shared }) => {
  it.each(CASES)('reads no row with an unknown %s, and names the row (%#)', async (kind, storeRow) => {
    const store = await shared();
    const { row, reads } = await storeRow(store, await anOrganization(store));
    for (const read of reads) {
      const failed = await read().catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(UnknownWord);
      expect((failed as Error).message).toMatch(
        new RegExp(`^"of_a_later_version" in ${row} is no ${kind} that this version of Gatehouse knows \\([\\w.]+, `),
      );
    }
  });
});
