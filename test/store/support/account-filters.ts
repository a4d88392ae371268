import { expect } from 'vitest';
import * as accounts from '../../../src/store/accounts.ts';
import type { Store } from '../../../src/store/store.ts';
import { newestFirst, readThrough } from './keyset.ts';

/** What a list of accounts shows of one, as far as filters and order go. */
export type Listed = {
  readonly id: string;
  readonly createdAt: number;
  readonly integrationName: string;
  readonly tenantId: string | null;
  readonly status: string;
};

/**
 * Expects the store to list all accounts of an organization that pass a filter, newest first, and no others: by every
 * filter that has one of the values, or none, for each of its fields.
 */
export async function expectFiltered(
  store: Store,
  organizationId: string,
  all: readonly Listed[],
  values: Readonly<Record<keyof accounts.AccountFilter, readonly string[]>>,
): Promise<void> {
  const fields = Object.keys(values) as (keyof accounts.AccountFilter)[];
  let filters: accounts.AccountFilter[] = [{}];
  for (const field of fields) {
    filters = filters.flatMap((filter) => [filter, ...values[field].map((value) => ({ ...filter, [field]: value }))]);
  }
  for (const filter of filters) {
    const expected = all.filter((account) =>
      fields.every((field) => filter[field] === undefined || filter[field] === account[field]),
    );
    const seen = await readThrough((part) => accounts.page(store.read, organizationId, part, filter), 5);
    expect([filter, seen]).toEqual([filter, newestFirst(expected)]);
  }
}
