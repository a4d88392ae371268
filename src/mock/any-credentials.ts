import type { Credentials } from '../auth/credentials.ts';
import { OPERATOR } from '../base/caller.ts';

/** The holder of any credentials of the mock. Its organization is that of the document's examples. */
const HOLDER = { id: 'mock', name: 'mock', organizationId: 'org_2zC2v0GqxbrfKq1rKazb3gFcPEq' } as const;

/** Whoever has a cookie of the mock. */
const PERSON = { subject: HOLDER.id, name: HOLDER.name };

/** Accepts any credentials that are not empty, with every permission. */
export const ANY_CREDENTIALS: Credentials = {
  operator: (token) => (token === undefined ? undefined : OPERATOR),
  keyPair: async (key, secret) =>
    key === '' || secret === '' ? undefined : { ...HOLDER, kind: 'key_pair', permissions: ['servers', 'approvals'] },
  apiToken: async () => ({ ...HOLDER, kind: 'api_token', permissions: ['accounts', 'approvals'] }),
  session: async () => ({
    id: HOLDER.id,
    person: PERSON,
    organization: { id: HOLDER.organizationId, name: HOLDER.name },
    keyPair: { ...HOLDER, kind: 'key_pair', permissions: ['servers', 'approvals'], person: PERSON },
    apiToken: { ...HOLDER, kind: 'api_token', permissions: ['accounts', 'approvals'], person: PERSON },
    operator: { ...OPERATOR, person: PERSON },
    expiresAt: Number.MAX_SAFE_INTEGER,
  }),
  saveLastUsed: async () => undefined,
};
