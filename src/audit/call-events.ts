import { tenths } from '../store/call-totals.ts';
import { type EventIdParts, eventId } from '../store/event-ids.ts';
import type { ToolCall } from '../store/tool-calls.ts';
import { auditedName } from './changes.ts';

/** One tool call that was decided on: it ran, or it was refused. */
export type AuditedCall = {
  /** When it ended; milliseconds since the epoch. */
  readonly at: number;
  readonly organizationId: string;
  readonly endpoint: { readonly id: string; readonly name: string; readonly accountId: string };
  /** The name under which the endpoint has it; one that nobody has is not audited, or strangers would fill the log. */
  readonly tool: string;
  readonly durationMs: number;
  /** Of the message that asked for it. */
  readonly requestBytes: number;
  /** Of the message that answered it; 0 when none did. */
  readonly responseBytes: number;
  /** Why it failed, as a word of ours: what others have said may hold secrets. Undefined for a success. */
  readonly reason: string | undefined;
  /** Kept only with `GATEHOUSE_AUDIT_ARGUMENTS`. */
  readonly arguments: KeptArguments | undefined;
};

/** What is kept of a call's arguments: JSON, cut when it is too long. */
export type KeptArguments = { readonly text: string; readonly isWhole: boolean };

/** Arguments that are not kept. */
export const CUT: KeptArguments = { text: '', isWhole: false };

/** Characters of a call's arguments, as JSON, that are kept. */
const MAX_ARGUMENTS_CHARS = 64 * 1024;

/** Calls' arguments as JSON text, which keeps the digits of numbers; undefined arguments are no arguments. */
export function cutArguments(value: unknown): KeptArguments {
  try {
    const text = JSON.stringify(value ?? {});
    const isWhole = text.length <= MAX_ARGUMENTS_CHARS;
    // A copy: a part of a string keeps all of it in memory.
    return { text: isWhole ? text : Buffer.from(text.slice(0, MAX_ARGUMENTS_CHARS)).toString(), isWhole };
  } catch {
    // Nested deeper than the stack goes.
    return CUT;
  }
}

/** A call as it is stored. */
export function storedCall(call: AuditedCall & EventIdParts): ToolCall {
  const { at, organizationId, endpoint, reason, arguments: args } = call;
  return {
    id: eventId(call),
    at,
    organization_id: organizationId,
    endpoint_id: endpoint.id,
    endpoint_name: endpoint.name,
    tool: `${endpoint.accountId}/${auditedName(call.tool)}`,
    duration_ms: tenths(call.durationMs),
    request_bytes: call.requestBytes,
    response_bytes: call.responseBytes,
    reason: reason ?? null,
    arguments: args?.text ?? null,
    arguments_cut: args?.isWhole === false ? 1 : 0,
  };
}
