import { CATALOGUE, type ErrorCode } from '../base/errors.ts';

/** Where the Operator API and the platform answer another status than the catalogue says. */
const OPERATOR_STATUS: { readonly [C in ErrorCode]?: number } = { validation_failed: 422, malformed_json: 422 };

/** The error catalogue as Markdown. The heading of each error is its code: what `Link: <…#code>; rel="help"` names. */
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
    'Every error answer links its entry here: `Link: <…/docs/errors.md#code>; rel="help"`. Every answer carries an `X-Request-Id`, which finds the request in the log of the server.',
    ...entries,
  ].join('\n\n')}\n`;
}
