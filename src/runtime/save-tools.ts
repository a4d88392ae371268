import { audit, GATEHOUSE } from '../audit.ts';
import * as catalogues from '../store/catalogues.ts';
import type { Db } from '../store/store.ts';
import type { Connectable } from './connectable.ts';

/** What a server listed, and when: milliseconds since the epoch. */
export type Listed = { readonly tools: readonly catalogues.CataloguedTool[]; readonly seenAt: number };

/**
 * Stores the tools that a server, as it was connected to, has listed; definitions that are not those that were seen first
 * are audited, once. False, and nothing is stored, when the server is gone or is reached in another way by now: then
 * they are not its tools.
 */
export async function saveTools(db: Db, server: Connectable, { tools, seenAt }: Listed): Promise<boolean> {
  const { id, organizationId } = server;
  if (!(await server.isStored(db))) {
    return false;
  }
  const { tools: before, pins } = await catalogues.find(db, id);
  const seenBefore = new Map(before?.map(({ definition, hash }) => [definition.name, hash]));
  await catalogues.save(db, id, { tools, seenAt });
  for (const { definition, hash } of tools) {
    const name = String(definition.name);
    const pinned = pins !== null && Object.hasOwn(pins, name) ? pins[name] : undefined;
    if (pinned !== undefined && pinned !== hash && seenBefore.get(name) !== hash) {
      await audit(db, {
        at: seenAt,
        actor: GATEHOUSE,
        ...(organizationId !== null && { organizationId }),
        action: 'tool.changed',
        target: { kind: 'tool', id: `${organizationId === null ? '' : 'mcp_'}${id}/${name}` },
        details: { first_seen: pinned, now: hash },
      });
    }
  }
  return true;
}

/** Whether two lists say the same, in the same order, down to what is not hashed, such as icons. */
export const sameTools = (a: Listed['tools'], b: Listed['tools']): boolean =>
  a.length === b.length &&
  a.every(({ definition, hash }, index) => hash === b[index]?.hash && sameText(definition, b[index].definition));

const sameText = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
