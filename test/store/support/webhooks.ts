import { randomUUID } from 'node:crypto';
import type { Store } from '../../../src/store/store.ts';
import * as webhooks from '../../../src/store/webhooks.ts';

/** Stores a webhook of an organization. */
export const storedWebhook = (
  store: Store,
  organizationId: string,
  changes: Partial<webhooks.NewWebhook> = {},
): Promise<webhooks.Webhook> =>
  store.write((db) =>
    webhooks.insert(db, {
      id: randomUUID(),
      organizationId,
      url: 'https://hooks.example.com/services/x1',
      events: ['approval.requested'],
      format: 'standard',
      includeArguments: false,
      enabled: true,
      secret: 'whsec_d2hhdCBhIHNlY3JldCBsb29rcyBsaWtlISEhISE=',
      createdAt: 1000,
      updatedAt: 1000,
      ...changes,
    }),
  );
