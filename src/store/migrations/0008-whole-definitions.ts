import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Kysely } from 'kysely';
import { canonicalJson } from '../../base/canonical-json.ts';
import { parseExact } from '../../base/json.ts';
import { readJson } from '../../base/read-json.ts';

type Tables = {
  server_catalogues: { server_id: string; tools: Uint8Array | null; pins: string | null };
  tool_approvals: { server_id: string; tool_name: string; approval_hash: string };
};
type Tool = {
  readonly definition: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly hash: string;
};

/** The members that the old hash covered. */
const COVERED = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'];

/**
 * The hash of a definition covers all of its members now, and no longer six. For tools that have others too, what was last
 * listed takes the place of what people saw and decided about by the old hash; otherwise every such tool would wait.
 */
export async function wholeDefinitions(database: Kysely<unknown>): Promise<void> {
  const db = database.withTables<Tables>();
  const listed = await db.selectFrom('server_catalogues').select('server_id').where('tools', 'is not', null).execute();
  for (const { server_id } of listed) {
    const catalogue = db.selectFrom('server_catalogues').where('server_id', '=', server_id);
    const { tools, pins } = await catalogue.select(['tools', 'pins']).executeTakeFirstOrThrow();
    const before = tools === null ? [] : (parseExact(gunzipSync(tools).toString()) as Tool[]);
    const after = before.map(rehashed);
    const known = new Map(Object.entries((pins === null ? {} : readJson(pins)) as Record<string, string>));
    for (const [index, { definition, hash }] of before.entries()) {
      const whole = after[index]?.hash ?? hash;
      if (whole !== hash) {
        if (known.get(definition.name) === hash) {
          known.set(definition.name, whole);
        }
        await db
          .updateTable('tool_approvals')
          .set({ approval_hash: whole })
          .where('server_id', '=', server_id)
          .where('tool_name', '=', definition.name)
          .where('approval_hash', '=', hash)
          .execute();
      }
    }
    if (after.some(({ hash }, index) => hash !== before[index]?.hash)) {
      const packed = gzipSync(`[${after.map((tool) => JSON.stringify(tool)).join(',\n')}]`);
      await db
        .updateTable('server_catalogues')
        .set({ tools: packed, ...(pins !== null && { pins: JSON.stringify(Object.fromEntries(known)) }) })
        .where('server_id', '=', server_id)
        .execute();
    }
  }
}

const rehashed = ({ definition, hash }: Tool): Tool => ({
  definition,
  hash: hash === hashOf(Object.fromEntries(COVERED.map((key) => [key, definition[key]]))) ? hashOf(definition) : hash,
});

const hashOf = (definition: object): string => createHash('sha256').update(canonicalJson(definition)).digest('hex');
