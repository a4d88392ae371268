import { tenths } from '../store/call-totals.ts';
import { type EventIdParts, eventId } from '../store/event-ids.ts';
import type { ToolCall } from '../store/tool-calls.ts';
import { auditedName } from './changes.ts';

/** One tool call with a decision: it ran, or it was refused. */
export type AuditedCall = {
  /** The end of the call; milliseconds since the epoch. */
  readonly at: number;
  readonly organizationId: string;
  readonly endpoint: { readonly id: string; readonly name: string; readonly accountId: string };
  /**
   * The name of the tool at the endpoint. Calls of unknown names are not audited: strangers could fill the log with
   * them.
   */
  readonly tool: string;
  readonly durationMs: number;
  /** The size of the request message. */
  readonly requestBytes: number;
  /** The size of the answer message; 0 if there was none. */
  readonly responseBytes: number;
  /** The reason of a failure, as one of our own words: foreign texts may contain secrets. Undefined for a success. */
  readonly reason: string | undefined;
  /** Kept only with `GATEHOUSE_AUDIT_ARGUMENTS`. */
  readonly arguments: KeptArguments | undefined;
};

/** The recorded arguments of a call: JSON, cut if it is too long. */
export type KeptArguments = { readonly text: string; readonly isWhole: boolean };

/** Arguments that are not recorded. */
export const OMITTED_ARGUMENTS: KeptArguments = { text: '', isWhole: false };

/** Characters of a call's arguments, as JSON, that are kept. */
const MAX_ARGUMENTS_CHARS = 64 * 1024;

/** Returns a call's arguments as JSON text, which keeps the digits of numbers; undefined counts as no arguments. */
export function cutArguments(value: unknown): KeptArguments {
  try {
    const text = JSON.stringify(value ?? {});
    const isWhole = text.length <= MAX_ARGUMENTS_CHARS;
    // A copy: a part of a string keeps all of it in memory.
    return { text: isWhole ? text : Buffer.from(text.slice(0, MAX_ARGUMENTS_CHARS)).toString(), isWhole };
  } catch {
    // Nested deeper than the stack goes.
    return OMITTED_ARGUMENTS;
  }
}

/** Returns the stored form of a call. */
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
