import { parseConfig } from '../config.ts';
import type { Resealed } from '../store/rekey.ts';
import { keyIdOf } from '../store/secrets.ts';
import type { Store } from '../store/store.ts';
import { readArguments } from './arguments.ts';
import { type Command, type Context, EXIT } from './command.ts';
import { givenKeys, openExisting } from './store.ts';

const USAGE = `Seals every secret anew with the first key, so that the others can be dropped. No server may run meanwhile.

  gatehouse rekey

GATEHOUSE_SECRET_KEY is the new key, a comma, and the old one (where it was not set, the old one is what the file
secret.key in the data folder holds). At the end it says how many values each key seals: one that seals none can be
taken off the list. Backups made before still need it. It may be interrupted at any time and run again.

GATEHOUSE_DATA is the data folder (./data), or DATABASE_URL the database. For example:

  openssl rand -base64 32 > new.key
  GATEHOUSE_SECRET_KEY="$(cat new.key),$(cat data/secret.key)" gatehouse rekey
  mv data/secret.key old.key && mv new.key data/secret.key
`;

/** How many lines of progress there are at most. */
const STEPS = 20;

/** `gatehouse rekey`. */
export const rekey: Command = {
  synopsis: 'rekey',
  summary: 'seals every secret anew with the first key, to drop the others; no server may run',
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
      context.stderr(`Interrupted. ${counted(resealed.count)} sealed anew; run it again for the rest.\n`);
      return EXIT.interrupted;
    }
    return await report(context, store, resealed, (await givenKeys(config)).map(keyIdOf));
  } finally {
    await store.close();
  }
}

/** Says how far it is, in steps: short work has few of them. */
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
): Promise<number> {
  const { retireKeys } = await import('../store/rekey.ts');
  const left = new Map([...given.map((id) => [id, 0] as const), ...(await retireKeys(store))]);
  const [first] = given;
  stdout(`${counted(count)} sealed anew with key ${first}. Values by key:\n`);
  for (const [id, total] of left) {
    const isFree = total === 0 && id !== first;
    stdout(`  ${id}  ${total}${isFree ? ', not needed any more: take it off GATEHOUSE_SECRET_KEY' : ''}\n`);
  }
  if (unopened.length === 0) {
    return EXIT.done;
  }
  stderr(`${counted(unopened.length)} not sealed anew:\n${unopened.map((where) => `  ${where}\n`).join('')}`);
  stderr('Nothing opens these. Restore a backup from before they were damaged, and run this again.\n');
  return EXIT.failed;
}

const counted = (count: number): string => (count === 1 ? '1 value' : `${count} values`);
