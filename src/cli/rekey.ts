import { parseConfig } from '../config.ts';
import { keyFilePath, readKeyFile } from '../store/key-file.ts';
import type { Resealed } from '../store/rekey.ts';
import { keyIdOf } from '../store/secrets.ts';
import type { Store } from '../store/store.ts';
import { readArguments } from './arguments.ts';
import { type Command, type Context, EXIT } from './command.ts';
import { givenKeys, openExisting } from './store.ts';

const USAGE = `Encrypts every secret again with the first key, so that you can remove the other keys. Stop the server first.

  gatehouse rekey

Set GATEHOUSE_SECRET_KEY to the new key, a comma, and the old key. If it was not set before, the old key is in the
file secret.key in the data folder. At the end, the command prints how many values each key encrypts: you can remove a
key that encrypts none. Earlier backups still need that key. You can interrupt the command at any time and run it
again.

GATEHOUSE_DATA is the data folder (./data), or DATABASE_URL the database. For example:

  (umask 077; openssl rand -base64 32 > data/new.key)
  GATEHOUSE_SECRET_KEY="$(cat data/new.key),$(cat data/secret.key)" gatehouse rekey
  cp -p data/secret.key data/old.key && mv data/new.key data/secret.key
`;

/** The maximum number of progress lines. */
const STEPS = 20;

/** `gatehouse rekey`. */
export const rekey: Command = {
  synopsis: 'rekey',
  summary: 'encrypts every secret again with the first key; stop the server first',
  usage: async () => USAGE,
  run,
};

async function run(context: Context): Promise<number> {
  readArguments(context.args, {});
  const config = parseConfig(context.env);
  const store = await openExisting(config, context);
  try {
    const { reseal } = await import('../store/rekey.ts');
    const resealed = await reseal(store, progress(context.stderr), context.interruption());
    if (!resealed.isComplete) {
      context.stderr(`Interrupted. ${counted(resealed.count)} encrypted again. Run the command again for the rest.\n`);
      return EXIT.interrupted;
    }
    return await report(
      context,
      store,
      resealed,
      (await givenKeys(config)).secretKeys.map(keyIdOf),
      config.dataDirectory,
    );
  } finally {
    await store.close();
  }
}

/** Prints the progress in at most STEPS lines. */
function progress(stderr: Context['stderr']): (done: number, total: number) => void {
  let said = 0;
  return (done, total) => {
    const step = Math.floor((STEPS * done) / total);
    if (step > said) {
      said = step;
      stderr(`${done} of ${total} values\n`);
    }
  };
}

async function report(
  { stdout, stderr }: Context,
  store: Store,
  { count, unopened }: Resealed,
  given: readonly string[],
  dataDirectory: string,
): Promise<number> {
  const { retireKeys } = await import('../store/rekey.ts');
  const left = new Map([...given.map((id) => [id, 0] as const), ...(await retireKeys(store))]);
  const [first] = given;
  stdout(`${counted(count)} encrypted again with key ${first}. Values by key:\n`);
  for (const [id, total] of left) {
    const isFree = total === 0 && id !== first;
    stdout(`  ${id}  ${total}${isFree ? ', no longer needed: remove it from GATEHOUSE_SECRET_KEY' : ''}\n`);
  }
  const inFile = await readKeyFile(dataDirectory);
  if (inFile !== null && keyIdOf(inFile) !== first) {
    const path = keyFilePath(dataDirectory);
    stdout(
      `${path} holds key ${keyIdOf(inFile)}. Put key ${first} there, or set GATEHOUSE_SECRET_KEY at the next start.\n`,
    );
  }
  if (unopened.length === 0) {
    return EXIT.done;
  }
  stderr(`${counted(unopened.length)} not encrypted again:\n${unopened.map((where) => `  ${where}\n`).join('')}`);
  stderr('No given key decrypts these values. Restore a backup from before the damage, and run the command again.\n');
  return EXIT.failed;
}

const counted = (count: number): string => (count === 1 ? '1 value' : `${count} values`);
