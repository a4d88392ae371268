import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { CERTIFICATE, KEY } from '../egress/support/certificate.ts';
import { ROOT } from './process.ts';
import { script, small, unique } from './shared-servers.ts';
import { listenOn } from './sockets.ts';

/** Where servers are that cannot be used: `host:port`. */
export type Places = {
  /** A path says how it fails: a status, `html`, `json` (what is no JSON), `hang`. */
  readonly failing: string;
  /** Its certificate is its own. */
  readonly secure: string;
  /** Nobody listens there. */
  readonly free: string;
};

/** How a server that does not come up is configured, and what must be said of it. */
export type Failing = readonly [what: string, configure: (places: Places) => object, reason: string];

const HTML = '<!doctype html><h1>Welcome</h1>';

const fail: RequestListener = ({ url = '' }, response) => {
  const how = url.slice(1);
  if (how === 'hang') {
    return;
  }
  const type = how === 'json' ? 'application/json' : 'text/html';
  response.writeHead(Number(how) || 200, { 'Content-Type': type }).end(HTML);
};

/** Starts what the configurations lead to. */
export async function startFailing(): Promise<Places & { readonly stop: () => Promise<void> }> {
  const failing = await listenOn(createServer(fail));
  const secure = await listenOn(createSecureServer({ key: KEY, cert: CERTIFICATE }, fail));
  const free = await listenOn(createServer());
  await free.stop();
  const at = ({ port }: { readonly port: number }) => `127.0.0.1:${port}`;
  return {
    failing: at(failing),
    secure: at(secure),
    free: at(free),
    stop: async () => {
      await Promise.all([failing.stop(), secure.stop()]);
    },
  };
}

const remote = (url: string, more: object = {}) => ({ name: unique(), url, ...more });
const SSE = { transport: 'sse' };
const WEBSOCKET = { transport: 'websocket' };
/** For those that say nothing. */
const SOON = { timeoutSeconds: 0.5 };

const REFUSED = 'refused the credentials that it is sent';
const TLS = 'cannot be reached over TLS (DEPTH_ZERO_SELF_SIGNED_CERT).';

/** What cannot work as it is configured. */
export const UNUSABLE: readonly Failing[] = [
  ['a command that does not exist', () => small({ command: 'no-such-command' }), 'its command is not found.'],
  ['a file that is no program', () => small({ command: join(ROOT, 'package.json') }), 'its command may not be run.'],
  ['a folder that does not exist', () => small({ cwd: '/no/such/folder' }), 'its folder `cwd` does not exist.'],
  [
    'a process that exits',
    () => script(unique(), 'process.exit(3)'),
    'exited with code 3 before it had introduced itself.',
  ],
  [
    'a process that logs JSON and exits',
    () => script(unique(), 'console.log(`{"level":"error"}`); process.exitCode = 3'),
    'exited with code 3 before it had introduced itself.',
  ],
  [
    'a process that prints HTML',
    () => ({ ...script(unique(), `process.stdin.on('data', () => console.log('${HTML}'))`), ...SOON }),
    'does not speak the protocol: what it says are no JSON-RPC messages.',
  ],
  [
    'HTML',
    ({ failing }) => remote(`http://${failing}/html`),
    'does not speak the protocol: it answered with HTTP 200 and neither JSON nor events.',
  ],
  [
    'what is no JSON',
    ({ failing }) => remote(`http://${failing}/json`),
    'does not speak the protocol: it answered with something that is no JSON-RPC message.',
  ],
  [
    'HTTP 404',
    ({ failing }) => remote(`http://${failing}/404`),
    'does not speak the protocol: it answered with HTTP 404 and neither JSON nor events.',
  ],
  ['HTTP 401', ({ failing }) => remote(`http://${failing}/401`), `${REFUSED} (HTTP 401).`],
  ['HTTP 403', ({ failing }) => remote(`http://${failing}/403`), `${REFUSED} (HTTP 403).`],
  ['HTTP 401 over SSE', ({ failing }) => remote(`http://${failing}/401`, SSE), `${REFUSED} (HTTP 401).`],
  ['HTTP 403 over a WebSocket', ({ failing }) => remote(`ws://${failing}/403`, WEBSOCKET), `${REFUSED} (HTTP 403).`],
  [
    'HTML over SSE',
    ({ failing }) => remote(`http://${failing}/html`, SSE),
    'does not speak MCP over HTTP with SSE: it answered with something that is no stream of events.',
  ],
  [
    'HTML over a WebSocket',
    ({ failing }) => remote(`ws://${failing}/html`, WEBSOCKET),
    'does not speak MCP over WebSocket: it answered with HTTP 200.',
  ],
  ['a certificate that nobody trusts', ({ secure }) => remote(`https://${secure}/mcp`), TLS],
  ['such a certificate over SSE', ({ secure }) => remote(`https://${secure}/mcp`, SSE), TLS],
  ['such a certificate over a WebSocket', ({ secure }) => remote(`wss://${secure}/mcp`, WEBSOCKET), TLS],
];

/** What is not there, and may come. */
export const AWAY: readonly Failing[] = [
  ['nobody at the port', ({ free }) => remote(`http://${free}/mcp`), 'cannot be reached (ECONNREFUSED).'],
  ['nobody at the port over SSE', ({ free }) => remote(`http://${free}/`, SSE), 'cannot be reached (ECONNREFUSED).'],
  [
    'nobody at the port of a WebSocket',
    ({ free }) => remote(`ws://${free}/`, WEBSOCKET),
    'cannot be reached (ECONNREFUSED).',
  ],
  ['a name that nobody has', () => remote('http://nowhere.invalid/mcp'), 'cannot be reached (ENOTFOUND).'],
  ['HTTP 503', ({ failing }) => remote(`http://${failing}/503`), 'answered with HTTP 503.'],
  ['HTTP 503 over SSE', ({ failing }) => remote(`http://${failing}/503`, SSE), 'cannot answer now (HTTP 503).'],
  [
    'HTTP 503 over a WebSocket',
    ({ failing }) => remote(`ws://${failing}/503`, WEBSOCKET),
    'cannot answer now (HTTP 503).',
  ],
  ['a server that hangs', ({ failing }) => remote(`http://${failing}/hang`, SOON), '0.5 s'],
  ['a process that hangs', () => ({ ...script(unique(), 'process.stdin.resume()'), ...SOON }), '0.5 s'],
];
