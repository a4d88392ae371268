import type { Logger } from 'pino';
import type { AccountStatus } from '../contract/closed-words.ts';
import * as accounts from '../store/accounts.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';

/** Stores whether services accept the credentials of accounts, without delaying the calls that discover it. */
export type AccountStatuses = {
  /**
   * Notes the status of an account that a call has discovered. Never throws and never waits. The first change is stored
   * at once, then the last one of each interval.
   */
  readonly note: (account: Noted, status: AccountStatus) => void;
  /** Stores the pending statuses, and notes nothing afterwards. Never rejects. */
  readonly close: () => Promise<void>;
};

/** The parts of the account statuses. */
export type AccountStatusesOptions = {
  readonly store: Pick<Store, 'writeFor'>;
  readonly log: Pick<Logger, 'warn'>;
  /** The interval between writes for an account, in milliseconds. */
  readonly intervalMs: number;
};

type Noted = Pick<accounts.ServiceAccount, 'organizationId' | 'id' | 'status' | 'version'>;

/** An account whose status has changed within the last interval. */
type Changing = {
  readonly organizationId: string;
  readonly id: string;
  /** The version of the account with the tried credentials. */
  version: number;
  /** The status that was last read or written. */
  stored: AccountStatus;
  last: AccountStatus;
};

/** Creates the notes of one gateway. */
export function createAccountStatuses({ store, log, intervalMs }: AccountStatusesOptions): AccountStatuses {
  const changing = new Map<string, Changing>();
  const timers = new Map<string, NodeJS.Timeout>();
  const writing = new Set<Promise<void>>();
  let isClosed = false;

  const forget = ({ id }: Changing): void => {
    clearTimeout(timers.get(id));
    timers.delete(id);
    changing.delete(id);
  };

  /** Stores the statuses of accounts of one organization; those that could not be stored stay as they are. */
  const write = async (organizationId: string, accountsOfIt: readonly Changing[]): Promise<void> => {
    const found = accountsOfIt.map((account) => ({ account, status: account.last, version: account.version }));
    try {
      await store.writeFor(organizationId, async (db) => {
        for (const { account, status, version } of found) {
          await accounts.setStatus(db, { organizationId, id: account.id, status }, version);
        }
      });
      for (const { account, status, version } of found) {
        // What was found with credentials that somebody has replaced meanwhile was not stored.
        account.stored = account.version === version ? status : account.stored;
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) {
        log.warn({ err: error }, 'the status of an account could not be stored');
        accountsOfIt.forEach(forget);
      }
    }
  };

  const begin = (account: Changing): void => {
    if (account.last === account.stored) {
      forget(account);
      return;
    }
    // The interval begins when the write has ended: no two of one account are under way.
    const written = write(account.organizationId, [account]).finally(() => {
      writing.delete(written);
      if (changing.has(account.id) && !isClosed) {
        timers.set(account.id, setTimeout(begin, intervalMs, account).unref());
      }
    });
    writing.add(written);
  };

  return {
    note: ({ organizationId, id, status: stored, version }, status) => {
      const known = changing.get(id);
      if (isClosed || (known === undefined && stored === status) || (known !== undefined && version < known.version)) {
        return;
      }
      if (known !== undefined) {
        known.stored = version > known.version ? stored : known.stored;
        known.version = version;
        known.last = status;
        return;
      }
      const account = { organizationId, id, version, stored, last: status };
      changing.set(id, account);
      begin(account);
    },
    close: async () => {
      isClosed = true;
      for (const timer of timers.values()) {
        clearTimeout(timer);
      }
      await Promise.all(writing);
      const left = [...changing.values()].filter(({ last, stored }) => last !== stored);
      const byOrganization = Map.groupBy(left, ({ organizationId }) => organizationId);
      await Promise.all([...byOrganization].map(([organizationId, its]) => write(organizationId, its)));
    },
  };
}
