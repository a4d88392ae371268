import { parseConfig } from '../config.ts';
import { StoreRefused, StoreUnavailable } from '../store/errors.ts';
import { readArguments } from './arguments.ts';
import { type Command, type Context, EXIT } from './command.ts';
import { givenKeys, refusePostgres } from './store.ts';

const USAGE = `Replaces the SQLite database with a backup. Stop the server first.

  gatehouse restore FILE

The current database is kept beside the new one as gatehouse.db.before-restore (or -2, -3, …), so nothing is lost: to
undo a restore, restore that file. FILE must be a complete database of Gatehouse, not newer than this program, and the
given keys must decrypt it; otherwise nothing is changed. The next start migrates an older database.

GATEHOUSE_DATA is the data folder (./data). The key comes from GATEHOUSE_SECRET_KEY, or from the key file of the
backup: copy that file into the data folder as secret.key first. With DATABASE_URL use pg_restore. For example:

  GATEHOUSE_DATA=/var/lib/gatehouse gatehouse restore /backups/gatehouse-2026-11-21.db
`;

/** `gatehouse restore`. */
export const restore: Command = {
  synopsis: 'restore FILE',
  summary: 'replaces the database with a backup and keeps the old one; stop the server first',
  usage: async () => USAGE,
  run,
};

async function run({ args, env, stdout, stderr, now }: Context): Promise<number> {
  const [file] = readArguments(args, {}, ['FILE']).positionals as [string];
  refusePostgres(env, 'pg_restore, such as: pg_restore --clean --if-exists --dbname="$DATABASE_URL" FILE');
  const config = parseConfig(env);
  const { restore: restoreFile } = await import('../store/sqlite/restore.ts');
  try {
    const keys = await givenKeys(config);
    const directory = config.dataDirectory;
    const kept = await restoreFile({ file, directory, keys, now: now() });
    stdout(`${file} is now the database of ${directory}.\n`);
    stdout(kept === null ? 'There was no database before.\n' : `The previous database is kept as ${kept}.\n`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof StoreRefused || error instanceof StoreUnavailable) {
      stderr(`${error.message}\nNothing was changed.\n`);
      return EXIT.failed;
    }
    throw error;
  }
}
