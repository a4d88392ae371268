import type { Quotas } from '../../src/store/usage.ts';

/** No quota limits an organization. */
export const NO_QUOTAS: Quotas = {
  servers: null,
  integrations: null,
  accounts: null,
  endpoints: null,
  credentials: null,
  tool_bytes: null,
};
