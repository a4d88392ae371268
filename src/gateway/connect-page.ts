import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { escapeHtml } from '../base/html.ts';
import type { Deps } from '../deps.ts';
import { ICON_URL } from '../docs/icon.ts';
import { STYLE } from '../docs/style.ts';
import type { EndpointRequest } from './call.ts';
import { type ClientSetup, clientSetups, setupNameOf } from './client-setups.ts';

/** Whether a person opens the URL of an endpoint in a browser. MCP clients accept events. */
export const isFromBrowser = ({ headers: { accept = '', ...headers } }: IncomingMessage): boolean =>
  /(?:^|,)\s*text\/html(?=\s*(?:[;,]|$))(?![^,]*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(accept) &&
  !/text\/event-stream/i.test(accept) &&
  headers['mcp-session-id'] === undefined;

/** Answers with the page that says what the URL is, and how to add it to MCP clients. */
export async function sendConnectPage({ publicUrl }: Deps, { endpoint, request, response }: EndpointRequest) {
  const [, token = ''] = /\/mcp\/([^/?#]+)/.exec(request.url ?? '') ?? [];
  const nonce = randomBytes(16).toString('base64');
  const page = connectPage({ ...endpoint, url: `${publicUrl}/mcp/${token}` }, nonce);
  response
    .writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': Buffer.byteLength(page),
      'Content-Security-Policy':
        `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'X-Frame-Options': 'DENY',
      // A URL with a token must be in no index of a search engine.
      'X-Robots-Tag': 'noindex',
      Vary: 'Accept',
    })
    .end(page);
}

type Connectable = Pick<EndpointRequest['endpoint'], 'name' | 'config' | 'expiresAt'> & { readonly url: string };

function connectPage({ name, config, expiresAt, url }: Connectable, nonce: string): string {
  const { methods, tags } = config;
  const facts = [
    ['Methods', methods?.join(', ') ?? 'all'],
    ['Tags', tags?.join(', ') ?? 'all'],
    ['Expires', expiresAt === null ? 'never' : new Date(expiresAt).toISOString()],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)} · MCP endpoint</title>
<link rel="icon" href="${ICON_URL}">
<style nonce="${nonce}">${STYLE}${OWN_STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(name)}</h1>
<p>This URL is an MCP server: it gives tools to an AI client. Add it to your client. A browser has no use for it.</p>
<pre id="url"><code>${escapeHtml(url)}</code></pre>
<p><button data-copy="url">Copy the URL</button></p>
<p><strong>Keep it secret.</strong> Whoever has this URL can call its tools.</p>
<dl class="quiet">
${facts.map(([term = '', text = '']) => `<dt>${term}</dt><dd>${escapeHtml(text)}</dd>`).join('\n')}
</dl>
${clientSetups({ name, url }).map(setupHtml).join('\n')}
<p id="said" role="status"></p>
</main>
<script nonce="${nonce}">const name = ${JSON.stringify(setupNameOf(name))};${SCRIPT}</script>
</body>
</html>
`;
}

const setupHtml = ({ id, client, how, text }: ClientSetup): string =>
  [
    `<h2>${client}</h2>`,
    ...(OPENED.includes(id) ? [`<p><button data-open="${id}">Add to ${client}</button></p>`] : []),
    `<p>${how.replace(/`([^`]*)`/g, '<code>$1</code>')}</p>`,
    ...(text === null ? [] : [copied(id, text)]),
  ].join('\n');

/** The clients that open links of their own: `links` of the script has them. */
const OPENED = ['cursor', 'vscode'];

const copied = (id: string, text: string): string =>
  `<pre id="${id}"><code>${escapeHtml(text)}</code></pre>\n<p><button data-copy="${id}">Copy</button></p>`;

const OWN_STYLE = `
main { margin: 0 auto; }
pre, pre code { white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
`;

/** Links with the token are made when they are wanted: what scans a page for links finds none. */
const SCRIPT = `
const url = document.getElementById('url').textContent;
const said = document.getElementById('said');
const links = {
  cursor: () => 'cursor://anysphere.cursor-deeplink/mcp/install?name=' + name + '&config=' + encodeURIComponent(btoa(JSON.stringify({ url }))),
  vscode: () => 'vscode:mcp/install?' + encodeURIComponent(JSON.stringify({ name, type: 'http', url })),
};
for (const button of document.querySelectorAll('[data-open]')) {
  button.addEventListener('click', () => { location.href = links[button.dataset.open](); });
}
for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      said.textContent = 'Copied.';
    } catch {
      // Only secure pages may write to the clipboard.
      getSelection().selectAllChildren(source);
      said.textContent = 'Selected. Copy it with your keyboard.';
    }
  });
}
`;
