import { isObject } from '../base/is-object.ts';
import { visibleText } from '../base/visible-text.ts';

/** The longest arguments in a text, in characters: longer ones are read on the page of the request. */
const MAX_ARGUMENT_CHARS = 2000;

/** Makes the text of an event for Slack (`mrkdwn`). Nothing is cut: what is too long is left out, and the text says so. */
export function slackText({
  type,
  data,
}: {
  readonly type?: unknown;
  readonly data: Readonly<Record<string, unknown>>;
}): string {
  const {
    id,
    url,
    status,
    tool_name: tool,
    server_name: server,
    endpoint,
    decisions,
    organization_id: owner,
    required_approvals: required,
  } = data;
  if (url === undefined) {
    return `Gatehouse: ${quoteForSlack(String(type))} of ${quoteForSlack(String(owner))}`;
  }
  const asks = isObject(endpoint) ? endpoint.name : '';
  const made = (Array.isArray(decisions) ? decisions : []).filter(isObject);
  const approvals = made.filter(({ decision }) => decision === 'approve').length;
  const decided = made.map(({ decision, by, reason }) => {
    const why = typeof reason === 'string' ? `: ${quoteForSlack(reason)}` : '';
    return `${quoteForSlack(String(decision))} by ${quoteForSlack(String(isObject(by) ? by.name : ''))}${why}`;
  });
  return [
    `Gatehouse: ${quoteForSlack(String(status))}, the call of ${quoteForSlack(String(tool))} of ${quoteForSlack(String(server))} through ${quoteForSlack(String(asks))}`,
    ...decided,
    ...(Number(required) > 1 ? [`${approvals} of ${Number(required)} approvals`] : []),
    ...argumentLines(data),
    `${quoteForSlack(String(id))} <${String(url)}>`,
  ].join('\n');
}

function argumentLines({ arguments: args }: Readonly<Record<string, unknown>>): string[] {
  if (args === undefined) {
    return [];
  }
  const text = JSON.stringify(args);
  return [
    text.length > MAX_ARGUMENT_CHARS
      ? `Arguments of ${text.length} characters: read them on the page of the request`
      : `Arguments: ${quoteForSlack(text)}`,
  ];
}

/**
 * Quotes foreign text for Slack as code, on one line. Slack then shows all of its characters, and makes no mentions, links or
 * formats of them.
 */
export function quoteForSlack(text: string): string {
  const shown = visibleText(text)
    // Slack has no escape for the end of code.
    .replaceAll('`', 'ˋ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  return `\`${shown === '' ? ' ' : shown}\``;
}
