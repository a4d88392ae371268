import { ApiError, CATALOGUE, type ErrorCode } from '../base/errors.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import { renderError } from '../http/errors.ts';

/** A path of each API, whose errors have a form of their own. */
const APIS: Readonly<Record<string, string>> = {
  'Servers API': '/api',
  'Accounts API': '/integration',
  'Operator API, platform': '/admin',
  Gateway: '/mcp',
};

type RpcEntry = { readonly title: string; readonly meaning: string; readonly remedy: string };

/** The JSON-RPC codes of the Gateway's own answers. */
const RPC_CATALOGUE: Readonly<Record<keyof typeof RPC_ERROR_CODES, RpcEntry>> = {
  parseError: {
    title: 'Parse error',
    meaning: 'The body is not valid JSON in UTF-8, or is nested too deep.',
    remedy: 'Send one complete JSON object, encoded in UTF-8.',
  },
  invalidRequest: {
    title: 'Invalid request',
    meaning:
      'The body is not a JSON-RPC 2.0 message, repeats a member, or is beyond a [limit](limits.md#messages-of-mcp-clients); or the session does not exist.',
    remedy: 'Correct the message as the answer says. For an unknown session, send `initialize` again.',
  },
  methodNotFound: {
    title: 'Method not found',
    meaning:
      'The protocol version does not know the method, the server does not offer it, or the scope of the endpoint hides it.',
    remedy: 'Use a method that `initialize` or `server/discover` offers.',
  },
  invalidParams: {
    title: 'Invalid params',
    meaning: 'The endpoint has no such tool, or the params are not valid.',
    remedy: 'Call `tools/list`, and send `arguments` as the `inputSchema` of the tool says.',
  },
  internalError: {
    title: 'Internal error',
    meaning: 'The gateway failed unexpectedly. Its log contains the reason under the request id.',
    remedy: 'Try again. If the error persists, send the X-Request-Id to the operator.',
  },
  refused: {
    title: 'Refused',
    meaning:
      'The gateway refused the request before it read a message. The HTTP status and the link in the answer name the reason.',
    remedy: 'Follow the link to the entry of the error.',
  },
  unauthorized: {
    title: 'Unauthorized',
    meaning: 'The token of the endpoint is unknown, expired or deleted, or the endpoint also requires an API token.',
    remedy: 'Check the URL, and create a new endpoint if the token is lost.',
  },
  serverFailed: {
    title: 'Server failed',
    meaning:
      'The MCP server behind the endpoint is unreachable, refuses the request, or does not answer as the protocol requires; or the gateway is temporarily unavailable.',
    remedy: 'The answer describes the failure. Wait for Retry-After, if there is one, and try again.',
  },
  headerMismatch: {
    title: 'Header mismatch',
    meaning: 'A header of the stateless protocol version says something else than the message.',
    remedy: 'Send the headers that repeat parts of the message with the same values, or use an SDK that does.',
  },
  unsupportedVersion: {
    title: 'Unsupported protocol version',
    meaning: 'The gateway does not know the requested protocol version.',
    remedy: 'Use one of the versions in `data` of the error.',
  },
  urlElicitationRequired: {
    title: 'URL elicitation required',
    meaning:
      'The call waits for a person. The client declares that it opens URLs (`elicitation.url`), but it reads no streams, on which it could be asked to.',
    remedy:
      'Let a person open the `url` in `data.elicitations`; the `elicitationId` there is the id of the approval request. Then call again with the same arguments.',
  },
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
  const rpcEntries = (Object.keys(RPC_CATALOGUE) as (keyof typeof RPC_CATALOGUE)[]).map((name) => {
    const { title, meaning, remedy } = RPC_CATALOGUE[name];
    return [`### ${RPC_ERROR_CODES[name]}`, `**${title}.** ${meaning}`, `**What to do.** ${remedy}`].join('\n\n');
  });
  return `${[
    '# Errors',
    'Every error answer links to its entry on this page: `Link: <…/docs/errors.html#code>; rel="help"`. Every answer carries an `X-Request-Id`; search for it in the log of the server to find the request.',
    'Each entry names the status that each API answers. In the Operator API and in the Gateway (JSON-RPC), the code in the answer follows. Answers of the Gateway to a message have [JSON-RPC codes](#json-rpc-codes).',
    overview(codes),
    ...entries,
    '## JSON-RPC codes',
    'These codes stand in `error.code` of an answer of the Gateway. The errors of the server behind an endpoint keep their codes.',
    ...rpcEntries,
  ].join('\n\n')}\n`;
}

function overview(codes: readonly ErrorCode[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const apis = Object.keys(APIS);
  return [
    row(['Error', ...apis]),
    row(['---', ...apis.map(() => '---')]),
    ...codes.map((code) => row([`[${code}](#${code})`, ...Object.values(APIS).map((path) => answerOf(code, path))])),
  ].join('\n');
}

/** The status of an error below a path, and the code in its body where it has one. */
function answerOf(code: ErrorCode, path: string): string {
  const { status, body } = renderError(new ApiError(code, ''), path, '');
  const { error } = JSON.parse(body) as { readonly error?: { readonly code?: string | number } };
  return error?.code === undefined ? String(status) : `${status} \`${error.code}\``;
}
