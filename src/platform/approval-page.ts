import { hash } from 'node:crypto';
import type { Response } from 'express';
import { escapeHtml } from '../base/html.ts';
import { ICON_URL } from '../docs/icon.ts';
import { STYLE } from '../docs/style.ts';

const ID = /^apr_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text can be the id of an approval request. */
export const isApprovalRequestId = (text: string): boolean => ID.test(text);

const PAGE_STYLE = `${STYLE}main { margin: 0 auto; } pre, pre code { white-space: pre-wrap; overflow-wrap: anywhere; }`;
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', PAGE_STYLE, 'base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Answers with the page that says how to decide about a call. Everybody may read it: it shows nothing of the call, and
 * does not tell whether the request exists.
 */
export function sendApprovalPage(response: Response, publicUrl: string, id: string): void {
  response
    .set({
      'Content-Security-Policy': POLICY,
      'X-Frame-Options': 'DENY',
      'X-Robots-Tag': 'noindex',
      'Cache-Control': 'no-store',
    })
    .type('html')
    .send(approvalPage(publicUrl, id));
}

function approvalPage(publicUrl: string, id: string): string {
  const request = `${publicUrl}/api/approval-requests/${id}`;
  const credentials = `-H "X-API-KEY: $GATEHOUSE_API_KEY" -H "X-API-SECRET: $GATEHOUSE_API_SECRET"`;
  const body = `{"decision": "approve", "arguments_digest": "…", "definition_hash": "…"}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A call waits for a person · Gatehouse</title>
<link rel="icon" href="${ICON_URL}">
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>A call waits for a person</h1>
<p>An AI client wants to call a tool that a person must approve first. This page does not show the call, because
everybody who has its address can read it.</p>
<p>To see the call and to decide, you need a key pair of your organization with the permission <code>approvals</code>,
in <code>GATEHOUSE_API_KEY</code> and <code>GATEHOUSE_API_SECRET</code>.</p>
<h2>With the command</h2>
${code(`npx mcp-gatehouse approvals show ${id} --url ${publicUrl}`)}
<p>It shows every argument, and how the tool differs from the definition that a person has approved, if its server has
changed it. Then decide, within the time that it shows:</p>
${code(`npx mcp-gatehouse approvals approve ${id} --url ${publicUrl}`)}
${code(`npx mcp-gatehouse approvals deny ${id} --url ${publicUrl} --reason 'Not today.'`)}
<h2>With the API</h2>
${code(`curl ${request} ${credentials}`)}
<p>Send the two hashes of the call that you have read, so that you decide about nothing else:</p>
${code(`curl -X POST ${request}/decision ${credentials} -H 'Content-Type: application/json' -d '${body}'`)}
<p>An approval is valid for this one call, with exactly these arguments, for 10 minutes. If you do nothing, the call does
not run. If the server asks the client for more while the call runs, you do not see what the client answers.</p>
</main>
</body>
</html>
`;
}

const code = (text: string): string => `<pre><code>${escapeHtml(text)}</code></pre>`;
