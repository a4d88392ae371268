import { describe } from 'vitest';
import { everyFaultIsCaught } from './faults/caught.ts';
import { LIST_FAULTS } from './faults/lists.ts';
import { SERVER_FAULTS } from './faults/servers.ts';

describe('a fault of the Servers API, planted before a good server, is caught', () => {
  everyFaultIsCaught('servers', [...SERVER_FAULTS, ...LIST_FAULTS]);
});
