import { CATALOGUE, type ErrorCode } from '../base/errors.ts';

/** Codes for which the Operator API and the platform answer a different status. */
const OPERATOR_STATUS: { readonly [C in ErrorCode]?: number } = { validation_failed: 422, malformed_json: 422 };

/** Returns the error catalogue as Markdown. The heading of each error is its code, so `Link: <…#code>` leads to it. */
export function errorsPage(): string {
  const codes = Object.keys(CATALOGUE) as ErrorCode[];
  const entries = codes.map((code) => {
    const { status, title, meaning, remedy } = CATALOGUE[code];
    return [
      `## ${code}`,
      `**${title}.** Servers API: ${status} · Operator API and platform: ${OPERATOR_STATUS[code] ?? status}`,
      `**What happened.** ${meaning}`,
      `**What to do.** ${remedy}`,
    ].join('\n\n');
  });
  return `${[
    '# Errors',
    'Every error answer links to its entry on this page: `Link: <…/docs/errors.md#code>; rel="help"`. Every answer carries an `X-Request-Id`; search for it in the log of the server to find the request.',
    ...entries,
  ].join('\n\n')}\n`;
}
