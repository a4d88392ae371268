import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './support/process.ts';

/** Test sources that ask by other means than supertest (`support/ask-once.ts`), each with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'accounts/large-previews.test.ts': 'clients that do not read, and leave early',
  'approvals/held-calls.test.ts': 'clients that leave early',
  'approvals/named.test.ts': 'a client that leaves early',
  'cli/approvals.test.ts': 'a proxy that breaks a stream off',
  'egress/allowed.test.ts': 'the dispatcher of undici is under test',
  'egress/hostile.test.ts': 'the dispatcher of undici is under test',
  'egress/rebinding.test.ts': 'the dispatcher of undici is under test',
  'every-operation/garbage.test.ts': 'sends bytes that no HTTP client sends, on a socket',
  'every-operation/limits.test.ts': 'sends half a request, on a socket',
  'gateway/audit.test.ts': 'a client that leaves early',
  'gateway/cancellation.test.ts': 'reads a stream',
  'gateway/early-leavers.test.ts': 'clients that leave early, on sockets',
  'gateway/guards.test.ts': 'clients that leave early',
  'gateway/large-answers.test.ts': 'reads an answer as it comes',
  'gateway/list-memory.test.ts': 'clients that do not read, and leave early',
  'gateway/memory.test.ts': 'sends all of a body but its last byte',
  'gateway/outcomes.test.ts': 'a client that leaves early',
  'gateway/revocation.test.ts': 'reads a stream',
  'gateway/server-failures.test.ts': 'a client that leaves early',
  'gateway/servers-over-pipes.test.ts': 'a client that leaves early',
  'gateway/slow-reader.test.ts': 'a client that does not read',
  'gateway/stop.test.ts': 'reads a stream',
  'gateway/streams.test.ts': 'reads a stream',
  'isolation/connections.test.ts': 'clients that send or read badly, on sockets',
  'isolation/hostile-clients.test.ts': 'clients that send or read badly, on sockets',
  'isolation/support/drive.ts': 'clients that leave early, and streams',
  'isolation/support/victim-client.ts': 'a program of its own, which calls all the time',
  'main.test.ts': 'sends a body in parts',
  'mock/failures-side-by-side.product.test.ts': 'sends half a body',
  'operator/grants.test.ts': 'reads a stream',
  'operator/shared-server-messages.test.ts': 'reads a stream',
  'operator/shared-server-tenants.test.ts': 'reads a stream',
  'package/package.product.test.ts': 'the text of a program that the test runs',
  'platform/sign-in.test.ts': 'the text of a script that a page runs',
  'runtime/odd-processes.test.ts': 'a client that leaves early',
  'servers/health.test.ts': 'a proxy before a server, on sockets',
  'servers/approval-events.test.ts': 'reads streams',
  'store/follower.test.ts': 'a proxy before PostgreSQL, on sockets',
  'suite/proxy.ts': 'a proxy, which passes on what it gets',
  'support/front.ts': 'a proxy, which passes on what it gets',
  'support/mcp-clients.ts': 'clients of MCP, some of which leave early',
  'support/openid-provider.ts': 'a browser at the provider, which follows redirects',
  'support/raw-client.ts': 'sends bytes that no HTTP client sends, on a socket',
  'support/table/raw-clients.ts': 'clients of MCP, which read streams',
  'support/table/servers.ts': 'a proxy, which passes on what it gets',
  'tiers.unit.test.ts': 'tries what a unit test must not do',
};

const SELF = 'asking.unit.test.ts';
/** What a module has to ask with. */
const ASKS = /^(?:request|get|connect|createConnection|fetch|Agent|Client|Pool|WebSocket|ClientRequest)$/;
const IMPORT = /^import \{([^}]+)\} from '(?:node:https?|node:http2|node:net|node:tls|undici|ws)';/gm;

function asksByItself(source: string): boolean {
  const imported = [...source.matchAll(IMPORT)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  );
  return /(?<![.\w])fetch\(/.test(source) || imported.some((name) => ASKS.test(name.split(' as ')[0] ?? ''));
}

test('requests with one complete answer use supertest, and every other way is in the list', () => {
  const sources = globSync('**/*.ts', { cwd: join(ROOT, 'test') }).filter((file) => file !== SELF);
  const asking = sources.filter((file) => asksByItself(readFileSync(join(ROOT, 'test', file), 'utf8')));
  expect(asking.toSorted()).toEqual(Object.keys(EXCEPTIONS).toSorted());
});

test.each([
  ["await fetch('http://localhost');", true],
  ["import { request } from 'node:http';", true],
  ["import { createServer, get as ask } from 'node:https';", true],
  ["import {\n  connect,\n} from 'node:net';", true],
  ["import { type Agent, createServer } from 'node:http';", false],
  ["await handler.fetch('http://localhost');", false],
  ["import { WebSocketServer } from 'ws';", false],
])('%j sends a request itself: %s', (source, expected) => {
  expect(asksByItself(source)).toBe(expected);
});
