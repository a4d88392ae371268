import type { Quotas } from '../../src/store/usage.ts';

/** As much of everything as anybody likes. */
export const NO_QUOTAS: Quotas = {
  servers: null,
  integrations: null,
  accounts: null,
  endpoints: null,
  credentials: null,
  tool_bytes: null,
};
