import { type Config, locationOf } from '../config.ts';
import { keyFilePath, readKeyFile } from '../store/key-file.ts';
import { openStore } from '../store/open.ts';
import type { GivenKeys } from '../store/secret-keys.ts';
import { type Store, StoreRefused } from '../store/store.ts';
import { UsageError } from './arguments.ts';
import type { Context } from './command.ts';

/**
 * Returns the keys for an existing database: the configured keys, or else the key in the key file. Throws StoreRefused if
 * there is neither.
 */
export async function givenKeys({ secretKeys, keySource, dataDirectory }: Config): Promise<GivenKeys> {
  if (secretKeys !== null) {
    return { secretKeys, keySource };
  }
  const path = keyFilePath(dataDirectory);
  const key = await readKeyFile(dataDirectory);
  if (key === null) {
    throw new StoreRefused(
      `There is no key: GATEHOUSE_SECRET_KEY is not set, and there is no ${path}. Set the variable, or put the key file there.`,
    );
  }
  return { secretKeys: [key], keySource: `the file ${path}` };
}

/** Opens the existing database of a configuration. Its log goes to standard error. */
export async function openExisting(config: Config, { stderr, now }: Pick<Context, 'stderr' | 'now'>): Promise<Store> {
  return openStore({
    location: locationOf(config),
    ...(await givenKeys(config)),
    log: (_, message) => stderr(`${message}\n`),
    now,
    missing: 'refuse',
  });
}

/** Throws UsageError if the database is PostgreSQL. The message names the command to use instead. */
export function refusePostgres(env: Context['env'], instead: string): void {
  if (env.DATABASE_URL) {
    throw new UsageError(`DATABASE_URL is set, but this command works on SQLite only. For PostgreSQL use ${instead}.`);
  }
}
