import { describe } from 'vitest';
import { everyFaultIsCaught } from './faults/caught.ts';
import { OPERATOR_FAULTS } from './faults/operator.ts';

describe('a fault of the Operator API, planted before a good server, is caught', () => {
  everyFaultIsCaught('operator', OPERATOR_FAULTS);
});
