import { describe } from 'vitest';
import { ACCOUNT_FAULTS } from './faults/accounts.ts';
import { everyFaultIsCaught } from './faults/caught.ts';
import { ENDPOINT_FAULTS } from './faults/endpoints.ts';
import { SERVER_ACCOUNT_FAULTS } from './faults/server-accounts.ts';

describe('a fault of the Accounts API, planted before a good server, is caught', () => {
  everyFaultIsCaught('accounts', [...ACCOUNT_FAULTS, ...ENDPOINT_FAULTS, ...SERVER_ACCOUNT_FAULTS]);
});
