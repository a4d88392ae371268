import type { Deps } from '../deps.ts';
import type { AuditEvent, AuditQuery } from '../store/audit-events.ts';
import * as auditLog from '../store/audit-log.ts';

/** Returns the events of a query, newest first. */
export const listAuditEvents = ({ store: { read } }: Deps, query: AuditQuery): Promise<AuditEvent[]> =>
  auditLog.page(read, query);
