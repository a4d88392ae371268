import type { components } from '../../../generated/api.ts';

type Event = components['schemas']['AuditEvent'];

/** The formats of an export. */
export type Format = 'csv' | 'jsonl';

const COLUMNS: Readonly<Record<string, (event: Event) => string>> = {
  id: ({ id }) => id,
  at: ({ at }) => at,
  actor_kind: ({ actor }) => actor.kind,
  actor_id: ({ actor }) => actor.id ?? '',
  actor_name: ({ actor }) => actor.name,
  organization: ({ organization }) => organization ?? '',
  action: ({ action }) => action,
  target_kind: ({ target }) => target.kind,
  target_id: ({ target }) => target.id,
  outcome: ({ outcome }) => outcome,
  details: ({ details }) => JSON.stringify(details),
};

/** Writes some events as the lines of a file. `isFirst` writes the names of the columns before them, where a format has such. */
export function writeEvents(events: readonly Event[], format: Format, isFirst: boolean): string {
  if (format === 'jsonl') {
    return events.map((event) => `${JSON.stringify(event)}\n`).join('');
  }
  const rows = events.map((event) => Object.values(COLUMNS).map((write) => write(event)));
  return [...(isFirst ? [Object.keys(COLUMNS)] : []), ...rows]
    .map((cells) => `${cells.map(writeCell).join(',')}\r\n`)
    .join('');
}

/**
 * Writes a cell of CSV (RFC 4180). Spreadsheets take a cell for a formula that begins with one of these characters; after an
 * apostrophe they are text (OWASP, CSV injection).
 */
const writeCell = (text: string): string => `"${text.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
