import { ApiError, CATALOGUE, type ErrorCode } from '../base/errors.ts';
import { renderError } from '../http/errors.ts';

/** A path of each API, whose errors have a form of their own. */
const APIS: Readonly<Record<string, string>> = {
  'Servers API': '/api',
  'Accounts API': '/integration',
  'Operator API, platform': '/admin',
  Gateway: '/mcp',
};

/** Returns the error catalogue as Markdown. The heading of each error is its code, so `Link: <…#code>` leads to it. */
export function errorsPage(): string {
  const codes = Object.keys(CATALOGUE) as ErrorCode[];
  const entries = codes.map((code) => {
    const { title, meaning, remedy } = CATALOGUE[code];
    return [
      `## ${code}`,
      `**${title}.** ${Object.entries(APIS)
        .map(([api, path]) => `${api}: ${answerOf(code, path)}`)
        .join(' · ')}`,
      `**What happened.** ${meaning}`,
      `**What to do.** ${remedy}`,
    ].join('\n\n');
  });
  return `${[
    '# Errors',
    'Every error answer links to its entry on this page: `Link: <…/docs/errors.md#code>; rel="help"`. Every answer carries an `X-Request-Id`; search for it in the log of the server to find the request.',
    'Each entry names the status that each API answers. In the Operator API and in the Gateway (JSON-RPC), the code in the answer follows.',
    ...entries,
  ].join('\n\n')}\n`;
}

/** The status of an error below a path, and the code in its body where it has one. */
function answerOf(code: ErrorCode, path: string): string {
  const { status, body } = renderError(new ApiError(code, ''), path, '');
  const { error } = JSON.parse(body) as { readonly error?: { readonly code?: string | number } };
  return error?.code === undefined ? String(status) : `${status} \`${error.code}\``;
}
