import * as catalogues from '../store/catalogues.ts';
import type { Server } from '../store/servers.ts';
import type { Db } from '../store/store.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import { hintsOf } from '../tools/hints.ts';
import { type Decision, decide } from './decision.ts';

/** The tool approvals and the pins of a server. */
export type KnownTools = {
  readonly approvals: readonly toolApprovals.ToolApproval[];
  readonly pins: catalogues.StoredCatalogue['pins'];
};

/** Reads the tool approvals and the pins of a server. */
export const readKnownTools = async (db: Db, serverId: string): Promise<KnownTools> => ({
  approvals: await toolApprovals.list(db, serverId),
  pins: await catalogues.pins(db, serverId),
});

/** Decides about the calls of a tool of a server. Before the first pins, every definition counts as pinned. */
export function decideTool(
  { approvalPolicy }: Pick<Server, 'approvalPolicy'>,
  { definition, hash }: catalogues.CataloguedTool,
  known: KnownTools,
): Decision {
  const name = String(definition.name);
  return decide(approvalPolicy, hintsOf(definition), {
    hash,
    pinned: known.pins === null ? hash : Object.hasOwn(known.pins, name) ? known.pins[name] : undefined,
    approval: known.approvals.find(({ toolName }) => toolName === name),
  });
}
