import { invalid } from '../base/errors.ts';
import type { ListPlace } from '../store/keyset.ts';

/** Returns a place as an opaque cursor. It names a row, so it stays valid when other rows are added or deleted. */
export const cursorOf = ({ at, id }: ListPlace): string => Buffer.from(`${at}.${id}`).toString('base64url');

/**
 * Returns the place of a cursor; undefined for the empty cursor, which means the first page. Throws `validation_failed`
 * at `field`.
 */
export function parseCursor(cursor: string | undefined, field: string): ListPlace | undefined {
  if (cursor === undefined || cursor === '') {
    return undefined;
  }
  const [, at, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  // One place has one cursor: base64 is read with anything in between, and numbers with zeros before them.
  if (at === undefined || id === undefined || cursorOf({ at: Number(at), id }) !== cursor) {
    throw invalid([{ field, message: 'must be the cursor that a page of this list has answered', rule: 'cursor' }]);
  }
  return { at: Number(at), id };
}
