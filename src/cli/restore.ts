import { parseConfig } from '../config.ts';
import { StoreRefused, StoreUnavailable } from '../store/errors.ts';
import { readArguments } from './arguments.ts';
import { type Command, type Context, EXIT } from './command.ts';
import { givenKeys, refusePostgres } from './store.ts';

const USAGE = `Puts a backup in the place of the SQLite database, while no server runs on it.

  gatehouse restore FILE

The database that is there is kept beside it as gatehouse.db.before-restore (or -2, -3, …): nothing is ever lost, and
restoring that one takes a restore back. FILE must be a database of Gatehouse, whole, not newer than this program, and
open with the keys given; otherwise nothing is changed. An older one is brought up to date by the next start.

GATEHOUSE_DATA is the data folder (./data). The key is that of GATEHOUSE_SECRET_KEY, or the key file that belongs to the
backup: put that one into the data folder as secret.key before. With DATABASE_URL use pg_restore. For example:

  GATEHOUSE_DATA=/var/lib/gatehouse gatehouse restore /backups/gatehouse-2026-11-21.db
`;

/** `gatehouse restore`. */
export const restore: Command = {
  synopsis: 'restore FILE',
  summary: 'puts a backup in place of the database, which is kept; no server may run',
  usage: async () => USAGE,
  run,
};

async function run({ args, env, stdout, stderr, now }: Context): Promise<number> {
  const [file] = readArguments(args, {}, ['FILE']).positionals as [string];
  refusePostgres(env, 'pg_restore, such as: pg_restore --clean --if-exists --dbname="$DATABASE_URL" FILE');
  const config = parseConfig(env);
  const { restore: restoreFile } = await import('../store/sqlite/restore.ts');
  try {
    const secretKeys = await givenKeys(config);
    const directory = config.dataDirectory;
    const kept = await restoreFile({ file, directory, secretKeys, now: now() });
    stdout(`${file} is the database of ${directory} now.\n`);
    stdout(kept === null ? 'There was none before.\n' : `The one before is kept as ${kept}.\n`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof StoreRefused || error instanceof StoreUnavailable) {
      stderr(`${error.message}\nNothing was changed.\n`);
      return EXIT.failed;
    }
    throw error;
  }
}
