import { describe } from 'vitest';
import { everyFaultIsCaught } from './faults/caught.ts';
import { OPERATOR_FAULTS } from './faults/operator.ts';
import { SHARED_SERVER_FAULTS } from './faults/shared-servers.ts';

describe('a fault of the Operator API, planted before a good server, is caught', () => {
  everyFaultIsCaught('operator', [...OPERATOR_FAULTS, ...SHARED_SERVER_FAULTS]);
});
