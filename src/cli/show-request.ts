import { formatInstant } from '../base/instants.ts';
import { differencesOf } from '../base/json-differences.ts';
import { visibleText } from '../base/visible-text.ts';
import type { Summary, Whole } from './approver.ts';

/** What a line says: that of a list and that of an event. */
type Shown = Omit<Summary, 'client_waiting' | 'unseen_rounds'>;

/** Writes one line about a request, for a list. */
export const requestLine = (request: Shown): string =>
  visibleText(
    `${request.id}  ${request.status}  ${approvalsOf(request)}  ${request.server_name} / ${request.tool_name}  ${request.arguments_bytes} bytes  until ${formatInstant(request.expires_at)}`,
  );

/** Writes how many of the needed approvals there are, such as `1 of 2`. */
export const approvalsOf = ({ decisions, required_approvals: required }: Shown): string =>
  `${decisions.filter(({ decision }) => decision === 'approve').length} of ${required}`;

/** Writes a request whole for a person who decides: nothing is cut or masked, and nothing is invisible. */
export function requestText(request: Whole): string {
  const { endpoint, client, reason, approval_policy: policy, decisions, unseen_rounds: unseen } = request;
  const facts: readonly (readonly [string, string])[] = [
    ['Request', request.id],
    ['Status', request.status],
    ['Tool', request.tool_name],
    ['Of', request.server_name],
    ['Endpoint', `${endpoint.name} (${endpoint.id})`],
    ['Client', client === null ? 'does not say' : `${client.name} ${client.version}`],
    ['Waits now', request.client_waiting ? 'yes' : 'no'],
    ['Reason', `${reason}, by the policy ${policy}`],
    ['Asked', formatInstant(request.created_at)],
    ['Approvals', approvalsOf(request)],
    ['Decide until', formatInstant(request.expires_at)],
    ['Arguments', `${request.arguments_bytes} bytes, SHA-256 ${request.arguments_digest}`],
    ['Definition', `SHA-256 ${request.definition_hash}`],
    ...(unseen === 0
      ? []
      : [['Not seen', `the client has answered the server ${unseen} times while the call ran`] as const]),
    ...decisions.map(
      ({ decision, by, at, reason: why }) =>
        ['Decided', `${decision} by ${by.name} at ${formatInstant(at)}${why === null ? '' : `: ${why}`}`] as const,
    ),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}  ${visibleText(value)}`);
  const args = 'arguments' in request ? jsonText(request.arguments) : absentArguments(request);
  const { definition, pinned_definition: pinned } = request;
  const change = pinned === undefined ? '' : `${changeText(pinned, definition)}\n\n`;
  return `${lines.join('\n')}\n\n${change}Definition of the tool:\n${jsonText(definition)}\n\nArguments:\n${args}\n`;
}

/** Writes what has changed since a person has decided about the tool: each place with its old and its new value. */
function changeText(pinned: unknown, definition: unknown): string {
  const shown = (sign: string, path: string, value: unknown) =>
    value === undefined ? [] : [`${sign} ${visibleText(`${path}: ${JSON.stringify(value)}`)}`];
  const lines = differencesOf(pinned, definition).flatMap(({ path, before, after }) => [
    ...shown('-', path, before),
    ...shown('+', path, after),
  ]);
  return ['CHANGED since a person decided about the tool (- then, + now):', ...lines].join('\n');
}

const absentArguments = ({ arguments_bytes: bytes }: Whole): string =>
  bytes === 0 ? '(none: the call has no arguments)' : '(erased)';

/** JSON over several lines. Escapes of JSON stay, and characters that JSON does not escape become visible. */
const jsonText = (value: unknown): string => visibleText(JSON.stringify(value, null, 2), true);
