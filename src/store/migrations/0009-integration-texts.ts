import { type Kysely, sql } from 'kysely';
import type { Engine } from '../store.ts';
import { bytesIn, type Counted, countFromNowOn } from './0006-usage.ts';

const COLUMNS = ['tool_tags', 'skipped', 'service'];
const TEXTS: Counted = { table: 'integrations', resource: 'tool_bytes', bytesOf: COLUMNS, name: 'integration_texts' };

/** The texts of an integration itself count too: only its contents did. */
export async function integrationTexts(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await sql`
    update organization_usage set used = used + coalesce(
      (select sum(${bytesIn(COLUMNS)}) from integrations i where i.organization_id = organization_usage.organization_id), 0)
    where resource = 'tool_bytes'
  `.execute(db);
  await countFromNowOn(db, engine, TEXTS);
}
