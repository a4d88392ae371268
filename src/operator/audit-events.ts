import type { components } from '../../generated/api.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { invalid } from '../errors.ts';
import * as store from '../store/audit-events.ts';
import { instant, parseInstant } from './wire.ts';

/** Operator API: the audit log. */
export const auditHandlers = (deps: Deps): Handlers<'listAuditEvents'> => ({
  listAuditEvents: async ({ query }, respond) => {
    const { cursor, limit = 100, organization, action, since } = query;
    // One more than asked for tells whether another page follows.
    const found = await store.page(deps.store.read, {
      limit: limit + 1,
      ...(cursor && { before: parseCursor(cursor) }),
      ...(organization !== undefined && { organizationId: organization }),
      ...(action !== undefined && { action }),
      ...(since !== undefined && { since: parseInstant(since, 'query.since') }),
    });
    const events = found.slice(0, limit);
    const last = found.length > limit ? events.at(-1) : undefined;
    return respond(200, { data: events.map(toWire), nextCursor: last === undefined ? null : cursorOf(last) });
  },
});

const cursorOf = ({ at, id }: store.AuditEvent): string => Buffer.from(`${at}.${id}`).toString('base64url');

function parseCursor(cursor: string): { at: number; id: string } {
  const [, at, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (at === undefined || id === undefined) {
    throw invalid([{ field: 'query.cursor', message: 'must be a nextCursor of this list', rule: 'cursor' }]);
  }
  return { at: Number(at), id };
}

type Wire = components['schemas']['AuditEvent'];

const toWire = ({ id, at, actor, organizationId, action, target, outcome, details }: store.AuditEvent): Wire => ({
  id,
  at: instant(at),
  actor: actor as Wire['actor'],
  organization: organizationId,
  action,
  target,
  outcome: outcome as Wire['outcome'],
  details,
});
