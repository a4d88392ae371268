import { sql } from 'kysely';
import type { Store } from '../../../src/store/store.ts';
import { RESOURCES, type Resource } from '../../../src/store/usage.ts';

/** What every organization has, by its id. */
export type Usages = Record<string, Record<Resource, number>>;

/** What the database says that every organization has. */
export async function kept({ read }: Store): Promise<Usages> {
  const usages: Usages = {};
  for (const { organization_id, resource, used } of await read.sql
    .selectFrom('organization_usage')
    .selectAll()
    .execute()) {
    usages[organization_id] = { ...usages[organization_id], [resource]: used } as Record<Resource, number>;
  }
  return usages;
}

/** What every organization has, counted anew in all tables; whose servers and integrations bytes are, asked for anew, too. */
export async function countedAnew({ read }: Store): Promise<Usages> {
  const { rows } = await sql<Record<Resource, number> & { id: string }>`
    select o.id,
      (select count(*) from servers s where s.organization_id = o.id) as servers,
      (select count(*) from integrations i where i.organization_id = o.id) as integrations,
      (select count(*) from accounts a where a.organization_id = o.id) as accounts,
      (select count(*) from endpoints e where e.organization_id = o.id) as endpoints,
      (select count(*) from api_tokens t where t.organization_id = o.id)
        + (select count(*) from key_pairs k where k.organization_id = o.id) as credentials,
      coalesce((select sum(octet_length(c.document) + octet_length(c.tools) + octet_length(c.selectors))
        from integration_contents c join integrations i on i.id = c.integration_id where i.organization_id = o.id), 0)
        + coalesce((select sum(octet_length(i.tool_tags) + octet_length(i.skipped) + octet_length(i.warnings)
          + octet_length(i.service))
          from integrations i where i.organization_id = o.id), 0)
        + coalesce((select sum(coalesce(octet_length(c.tools), 0) + coalesce(octet_length(c.pins), 0))
          from server_catalogues c join servers s on s.id = c.server_id where s.organization_id = o.id), 0) as tool_bytes
    from organizations o
  `.execute(read.sql);
  return Object.fromEntries(
    rows.map(({ id, ...used }) => [
      id,
      Object.fromEntries(RESOURCES.map((resource) => [resource, Number(used[resource])])) as Record<Resource, number>,
    ]),
  );
}
