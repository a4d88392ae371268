import { audit, auditedName, GATEHOUSE } from '../audit/changes.ts';
import { createYielding } from '../base/event-loop-turns.ts';
import { withinQuotas } from '../quotas/quotas.ts';
import * as catalogues from '../store/catalogues.ts';
import type { Store } from '../store/store.ts';
import type { Quotas } from '../store/usage.ts';
import type { Connectable } from './connectable.ts';

/** The tools that a server listed, and the time of the list in milliseconds since the epoch. */
export type SeenTools = { readonly tools: readonly catalogues.CataloguedTool[]; readonly seenAt: number };

/** The maximum number of tools that one event names. */
const MAX_NAMED_TOOLS = 10;

/**
 * Stores the tools that a server has listed. `before` is the stored list, null for none. Writes one audit event for
 * all definitions that differ from both the first seen ones and `before`. Returns false, and stores nothing, if the
 * server is gone or is reached in another way: then the tools are not its own. Throws QuotaExceeded if its
 * organization has no room.
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
  // A server of the operator has its own place in the queue of writes, so that a flood of its changes blocks no
  // other.
  return store.writeFor(organizationId ?? id, async (db) => {
    if (!(await server.isStored(db))) {
      return false;
    }
    const changed = unlikeBefore.length === 0 ? [] : unlikePins(unlikeBefore, await catalogues.pins(db, id));
    const save = () => catalogues.save(db, id, packed);
    // Quotas do not apply to servers of the operator.
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

/** Returns the tools whose definition differs from `before`. Other work runs between two tools. */
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

/** Returns the tools whose definition differs from the first seen one, without tools that are new since then. */
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

/** Whether two lists have the same definitions in the same order. */
export const areSameTools = (a: SeenTools['tools'], b: SeenTools['tools']): boolean =>
  a.length === b.length && a.every(({ hash }, index) => hash === b[index]?.hash);
