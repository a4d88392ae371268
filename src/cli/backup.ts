import { type Config, parseConfig } from '../config.ts';
import { keyFilePath, readKeyFile } from '../store/key-file.ts';
import { keyIdOf } from '../store/secrets.ts';
import { readArguments } from './arguments.ts';
import { type Command, type Context, EXIT } from './command.ts';
import { refusePostgres } from './store.ts';

const USAGE = `Copies the SQLite database to FILE, also while a server runs on it.

  gatehouse backup FILE

The copy holds every write that was answered before it began. FILE must not be there yet, and is there only once it is
whole. It does not hold the key that opens what is sealed in it: keep the key file (secret.key), or the value of
GATEHOUSE_SECRET_KEY, somewhere else than the backup. What is printed says which.

GATEHOUSE_DATA is the data folder (./data). With DATABASE_URL use pg_dump. For example:

  GATEHOUSE_DATA=/var/lib/gatehouse gatehouse backup /backups/gatehouse-$(date +%F).db
`;

/** `gatehouse backup`. */
export const backup: Command = {
  synopsis: 'backup FILE',
  summary: 'copies the SQLite database to FILE, also while a server runs',
  usage: async () => USAGE,
  run,
};

async function run({ args, env, stdout }: Context): Promise<number> {
  const [file] = readArguments(args, {}, ['FILE']).positionals as [string];
  refusePostgres(env, 'pg_dump, such as: pg_dump --format=custom --file=FILE "$DATABASE_URL"');
  const config = parseConfig(env);
  const { backUp } = await import('../store/sqlite/backup.ts');
  const { bytes, keyIds } = await backUp(config.dataDirectory, file);
  const places = await keyPlaces(config);
  const lines = keyIds.map((id) => `  ${id}  ${places.get(id) ?? 'not among the keys given here'}`);
  stdout(
    [
      `${file}: ${bytes} bytes, whole.`,
      'The key it opens with is not in it, and without the key it is worth nothing. Keep this somewhere else:',
      ...lines,
      '',
    ].join('\n'),
  );
  return EXIT.done;
}

/** Where the keys are that are at hand, by their ids. */
async function keyPlaces({ secretKeys, dataDirectory }: Config): Promise<ReadonlyMap<string, string>> {
  if (secretKeys !== null) {
    return new Map(secretKeys.map((key) => [keyIdOf(key), 'GATEHOUSE_SECRET_KEY']));
  }
  const key = await readKeyFile(dataDirectory);
  return new Map(key === null ? [] : [[keyIdOf(key), `the file ${keyFilePath(dataDirectory)}`]]);
}
