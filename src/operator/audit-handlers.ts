import type { components } from '../../generated/api.ts';
import { formatInstant, parseInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { cursorOf, parseCursor } from '../http/cursor.ts';
import type { AuditEvent } from '../store/audit-events.ts';
import { listAuditEvents } from './audit-events.ts';

/** Creates the handlers of the audit log (Operator API). */
export const auditHandlers = (deps: Deps): Handlers<'listAuditEvents'> => ({
  listAuditEvents: async ({ query }, respond) => {
    const { cursor, limit = 100, organization, action, since } = query;
    const before = parseCursor(cursor, 'query.cursor');
    // One more event than requested tells whether another page follows.
    const found = await listAuditEvents(deps, {
      limit: limit + 1,
      ...(before && { before }),
      ...(organization !== undefined && { organizationId: organization }),
      ...(action !== undefined && { action }),
      ...(since !== undefined && { since: parseInstant(since, 'query.since') }),
    });
    const events = found.slice(0, limit);
    const last = found.length > limit ? events.at(-1) : undefined;
    return respond(200, { data: events.map(toWire), nextCursor: last === undefined ? null : cursorOf(last) });
  },
});

type Wire = components['schemas']['AuditEvent'];

const toWire = ({ id, at, actor, organizationId, action, target, outcome, details }: AuditEvent): Wire => ({
  id,
  at: formatInstant(at),
  actor,
  organization: organizationId,
  action,
  target,
  outcome,
  details,
});
