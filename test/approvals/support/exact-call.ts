import { type ExactCall, writeArguments } from '../../../src/approvals/exact-call.ts';
import type { Endpoint } from '../../../src/store/endpoints.ts';
import type { Server } from '../../../src/store/servers.ts';

/** A call of the tool `write` of a server, which waits for one person. */
export const anExactCall = (
  { id: accountId, organizationId, name: serverName }: Pick<Server, 'id' | 'organizationId' | 'name'>,
  { id, name }: Pick<Endpoint, 'id' | 'name'>,
  args: ExactCall['args'] = {},
): ExactCall => ({
  organizationId,
  endpoint: { id, name },
  accountId,
  serverId: accountId,
  serverName,
  client: null,
  definition: { name: 'write' },
  definitionHash: 'd'.repeat(64),
  args,
  written: writeArguments(args),
  policy: 'require_approval_all',
  requiredApprovals: 1,
  reason: 'all',
});
