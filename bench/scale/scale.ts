import type { Engine } from '../../src/store/store.ts';
import { type Postgres, startPostgres } from '../../test/store/support/postgres.ts';
import { withClosers } from '../closers.ts';
import { print, report } from '../print.ts';
import type { Sides } from './compare.ts';
import { depthRows } from './depth.ts';
import { lookupRows } from './lookups.ts';
import { pageRows } from './pages.ts';
import { openSide, type Side } from './side.ts';
import { LARGE, type Size, SMALL } from './sizes.ts';
import { writeRows } from './writes.ts';

/** What the store costs with 100,000 servers and 1,000,000 endpoints, beside what it costs with 1,000 of each. */
export async function benchScale(engine: Engine): Promise<void> {
  await withClosers(async (defer) => {
    const postgres = engine === 'postgres' ? await startPostgres() : null;
    if (postgres) {
      defer(postgres.stop);
    }
    const open = async (size: Size): Promise<Side> => openSide(size, await databaseOn(postgres), report, defer);
    const small = await open(SMALL);
    const start = performance.now();
    const large = await open(LARGE);
    const seconds = Math.round((performance.now() - start) / 1000);
    print(`${engine}: ${contents(LARGE)} beside ${contents(SMALL)}; filled in ${seconds} s`);

    const sides: Sides = [large, small];
    await lookupRows(sides);
    await pageRows(sides);
    await depthRows(large);
    // Last: they change what the others read.
    await writeRows(sides);
  });
}

const databaseOn = async (postgres: Postgres | null): Promise<string | null> =>
  postgres ? postgres.createDatabase() : null;

function contents({ servers, endpoints, accounts, others, accountsOfEach, auditEvents, toolCalls }: Size): string {
  const ofLog = { 'audit events': auditEvents, 'tool calls': toolCalls };
  const counts = { servers, endpoints, accounts: accounts + others * accountsOfEach, ...ofLog };
  return Object.entries(counts)
    .map(([what, count]) => `${count.toLocaleString('en')} ${what}`)
    .join(', ');
}
