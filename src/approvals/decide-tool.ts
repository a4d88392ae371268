import * as catalogues from '../store/catalogues.ts';
import type { Server } from '../store/servers.ts';
import type { Db } from '../store/store.ts';
import * as toolApprovals from '../store/tool-approvals.ts';
import { hintsOf } from '../tools/hints.ts';
import { type Decision, decide } from './decision.ts';

/** The tool approvals, expired ones too, and the pins of a server. */
export type KnownTools = {
  readonly approvals: readonly toolApprovals.ToolApproval[];
  readonly pins: catalogues.StoredCatalogue['pins'];
};

/** Reads the tool approvals and the pins of a server, as an organization knows it. */
export const readKnownTools = async (db: Db, organizationId: string, serverId: string): Promise<KnownTools> => ({
  approvals: await toolApprovals.list(db, { organizationId, accountId: serverId }),
  pins: await catalogues.pins(db, serverId),
});

/** The decision about the calls of a tool of a server. */
export type ToolDecision = Decision & {
  /** The tool approval of the tool, expired or not. */
  readonly approval: toolApprovals.ToolApproval | undefined;
  /** When the decision must be made again, in milliseconds since the epoch, because the tool approval expires. */
  readonly validUntil: number;
};

/** Decides about the calls of a tool of a server. Before the first pins, every definition counts as pinned. */
export function decideTool(
  { approvalPolicy }: Pick<Server, 'approvalPolicy'>,
  { definition, hash }: catalogues.CataloguedTool,
  known: KnownTools,
  now: number,
): ToolDecision {
  const name = String(definition.name);
  const approval = known.approvals.find(({ toolName }) => toolName === name);
  const live = approval !== undefined && toolApprovals.isLive(approval, now) ? approval : undefined;
  const decision = decide(approvalPolicy, hintsOf(definition), {
    hash,
    pinned: known.pins === null ? hash : Object.hasOwn(known.pins, name) ? known.pins[name] : undefined,
    approval: live,
  });
  return { ...decision, approval, validUntil: live?.expiresAt ?? Number.POSITIVE_INFINITY };
}
