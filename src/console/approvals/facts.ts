import type { Schemas } from '../api.ts';

/** A request with its definition and arguments. */
export type WholeRequest = Schemas['ApprovalRequest'];
type Request = Schemas['ApprovalRequestSummary'];

/** The colours of the statuses; their names stand beside them. */
export const STATUS_COLOURS: Readonly<Record<Request['status'], string>> = {
  pending: 'orange',
  approved: 'green',
  used: 'green',
  denied: 'red',
  expired: 'gray',
  outdated: 'gray',
};

/** The reasons why calls wait, as sentences. */
export const REASONS: Readonly<Record<Request['reason'], string>> = {
  all: 'The policy holds every call back.',
  not_read_only: 'The tool does not declare itself read-only.',
  per_tool: 'No person has approved this definition of the tool, or a person has refused it.',
  changed: 'The definition of the tool differs from the first one that was seen.',
  new: 'The tool has appeared since the first list of the server.',
};
