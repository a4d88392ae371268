import { audit, auditedName, GATEHOUSE } from '../audit/changes.ts';
import { createYielding } from '../base/event-loop-turns.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import * as catalogues from '../store/catalogues.ts';
import type { Store } from '../store/store.ts';
import type { Quotas } from '../store/usage.ts';
import type { Connectable } from './connectable.ts';

/** What a server listed, and when: milliseconds since the epoch. */
export type SeenTools = { readonly tools: readonly catalogues.CataloguedTool[]; readonly seenAt: number };

/** Tools that one event names. */
const MAX_NAMED_TOOLS = 10;

/**
 * Stores the tools that a server, as it was connected to, has listed; `before` is what is stored of it, null for nothing.
 * Definitions that are neither those that were seen first nor those of `before` are audited, all of one list by one
 * event. False, and nothing is stored, when the server is gone or is reached in another way by now: then they are not its
 * tools. Throws QuotaExceeded when its organization has no room for them.
 */
export async function saveTools(
  { store, quotas }: { readonly store: Pick<Store, 'writeFor'>; readonly quotas: Quotas },
  server: Connectable,
  listed: SeenTools,
  before: SeenTools['tools'] | null,
): Promise<boolean> {
  const { id, organizationId } = server;
  const packed = await catalogues.pack(listed);
  const unlikeBefore = await unlike(before ?? [], listed.tools);
  // A server of the operator's has a place of its own: its flood is no other's.
  return store.writeFor(organizationId ?? id, async (db) => {
    if (!(await server.isStored(db))) {
      return false;
    }
    const changed = unlikeBefore.length === 0 ? [] : unlikePins(unlikeBefore, await catalogues.pins(db, id));
    const save = () => catalogues.save(db, id, packed);
    // The operator's own servers are nobody's to limit.
    await (organizationId === null ? save() : withinQuotas(db, quotas, organizationId, ['tool_bytes'], save));
    if (changed.length > 0) {
      await audit(db, {
        at: listed.seenAt,
        actor: GATEHOUSE,
        ...(organizationId !== null && { organizationId }),
        action: 'tool.changed',
        target: server.auditTarget,
        details: { count: changed.length, tools: changed.slice(0, MAX_NAMED_TOOLS).map(audited) },
      });
    }
    return true;
  });
}

/** The tools whose definition is not the one of `before`; others have their turn between two. */
async function unlike(before: SeenTools['tools'], tools: SeenTools['tools']): Promise<catalogues.CataloguedTool[]> {
  const yieldTurn = createYielding();
  const hashes = new Map<unknown, string>();
  for (const { definition, hash } of before) {
    hashes.set(definition.name, hash);
    await yieldTurn();
  }
  const changed: catalogues.CataloguedTool[] = [];
  for (const tool of tools) {
    if (hashes.get(tool.definition.name) !== tool.hash) {
      changed.push(tool);
    }
    await yieldTurn();
  }
  return changed;
}

type ChangedTool = { readonly name: string; readonly first_seen: string; readonly now: string };

/** The tools whose definition is not the one that was seen first; those that are new since then are not among them. */
function unlikePins(tools: SeenTools['tools'], pins: catalogues.StoredCatalogue['pins']): ChangedTool[] {
  const changed: ChangedTool[] = [];
  for (const { definition, hash } of pins === null ? [] : tools) {
    const name = String(definition.name);
    const pinned = pins !== null && Object.hasOwn(pins, name) ? pins[name] : undefined;
    if (pinned !== undefined && pinned !== hash) {
      changed.push({ name, first_seen: pinned, now: hash });
    }
  }
  return changed;
}

const audited = (tool: ChangedTool): ChangedTool => ({ ...tool, name: auditedName(tool.name) });

/** Whether two lists say the same, in the same order. */
export const areSameTools = (a: SeenTools['tools'], b: SeenTools['tools']): boolean =>
  a.length === b.length && a.every(({ hash }, index) => hash === b[index]?.hash);
