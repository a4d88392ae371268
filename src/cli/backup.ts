import { type Config, parseConfig } from '../config.ts';
import { keyFilePath, readKeyFile } from '../store/key-file.ts';
import { keyIdOf } from '../store/secrets.ts';
import { readArguments } from './arguments.ts';
import { type Command, type Context, EXIT } from './command.ts';
import { refusePostgres } from './store.ts';

const USAGE = `Copies the SQLite database to FILE. The server may run meanwhile.

  gatehouse backup FILE

The copy contains every write that the server answered before the copy began. FILE must not exist; it appears only
when the copy is complete. The copy does not contain the key that decrypts its secrets. Keep the key file
(secret.key), or the value of GATEHOUSE_SECRET_KEY, in a different place than the backup. The output names the key.

GATEHOUSE_DATA is the data folder (./data). With DATABASE_URL use pg_dump. For example:

  GATEHOUSE_DATA=/var/lib/gatehouse gatehouse backup /backups/gatehouse-$(date +%F).db
`;

/** `gatehouse backup`. */
export const backup: Command = {
  synopsis: 'backup FILE',
  summary: 'copies the SQLite database to FILE; the server may run meanwhile',
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
      `${file}: ${bytes} bytes, complete.`,
      'The backup does not contain its key, and you cannot use it without the key. Keep this key in a different place:',
      ...lines,
      '',
    ].join('\n'),
  );
  return EXIT.done;
}

/** Returns the places of the configured keys, by key id. */
async function keyPlaces({ secretKeys, keySource, dataDirectory }: Config): Promise<ReadonlyMap<string, string>> {
  if (secretKeys !== null) {
    return new Map(secretKeys.map((key) => [keyIdOf(key), keySource]));
  }
  const key = await readKeyFile(dataDirectory);
  return new Map(key === null ? [] : [[keyIdOf(key), `the file ${keyFilePath(dataDirectory)}`]]);
}
