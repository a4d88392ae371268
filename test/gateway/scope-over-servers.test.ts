import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Scope } from '../../src/tools/scope.ts';
import { call } from '../support/client.ts';
import { ask, HANDSHAKE, STATELESS } from '../support/eras.ts';
import { type McpServer, type ServedTool, startHandshakeServer, startStatelessServer } from '../support/mcp-servers.ts';
import { type Minted, mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { expectedOf, TAG_FILTERS, WORDS } from '../tools/support/scope-oracle.ts';

/** Whether both eras meet every scope there is, as in `npm run soak`; else each meets a part. */
const IS_COMPLETE = process.env.SCOPES === 'all';

/** First names, and the method of a tool that is called so and only reads, or does not: '' is a method of its own. */
const NAMES: readonly (readonly [name: string, reads: string, other: string])[] = [
  ['list_issues', 'list', ''],
  ['search', 'list', ''],
  ['get_issue', 'get', ''],
  ['fetch', 'get', ''],
  ['create_issue', 'get', 'create'],
  ['addComment', 'get', 'create'],
  ['update_issue', 'get', 'update'],
  ['set-status', 'get', 'update'],
  ['delete_issue', 'get', 'delete'],
  ['removeLabel', 'get', 'delete'],
  ['Download_File', 'get', ''],
  ['constructor', 'get', ''],
];
const ANNOTATIONS: readonly (readonly [ending: string, reads: boolean, annotations?: Record<string, boolean>])[] = [
  ['', false],
  ['_reads', true, { readOnlyHint: true }],
  ['_reads_and_destroys', false, { readOnlyHint: true, destructiveHint: true }],
  ['_destroys', false, { readOnlyHint: false, destructiveHint: true }],
  ['_repeats', false, { idempotentHint: true, openWorldHint: false }],
];
const SERVER_TAGS = ['crm', 'cheap'];
const TOOLS = NAMES.flatMap(([first, reading, other]) =>
  ANNOTATIONS.map(([ending, reads, annotations]) => {
    const name = first + ending;
    return { name, method: (reads ? reading : other) || name, tags: SERVER_TAGS, ...(annotations && { annotations }) };
  }),
);

/** What has run at the server. */
let ran: string[] = [];
const SERVED: readonly ServedTool[] = TOOLS.map(({ name, annotations }) => ({
  name,
  ...(annotations && { annotations }),
  call: () => {
    ran.push(name);
    return 'ok';
  },
}));

const words = WORDS.filter((word) => word !== '');
const PAIRS: readonly Scope[] = words.flatMap((a, at) =>
  words.slice(IS_COMPLETE ? 0 : at).map((b) => ({ methods: [a, b] })),
);
const withTags = (scopes: readonly Scope[]): Scope[] =>
  scopes.flatMap((scope) => TAG_FILTERS.map((filter) => ({ ...scope, ...filter })));
/** Each word with each choice of tags, and each pair with each, or with one in turn. */
const SCOPES: readonly Scope[] = [
  ...withTags([{}, ...words.map((word) => ({ methods: [word] }))]),
  ...(IS_COMPLETE
    ? withTags(PAIRS)
    : PAIRS.map((scope, at) => ({ ...scope, ...TAG_FILTERS[at % TAG_FILTERS.length] }))),
];
const scopesOf = (era: number): readonly Scope[] => SCOPES.filter((_, index) => IS_COMPLETE || index % 2 === era);

const SERVERS = [
  { ...HANDSHAKE, start: () => startHandshakeServer(SERVED, { json: true }) },
  { ...STATELESS, start: () => startStatelessServer(SERVED) },
];

let gateway: TestServer;
beforeAll(async () => {
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(() => gateway.stop());

describe.each(SERVERS)('in the era $era', (era) => {
  let server: McpServer;
  let minted: Minted;
  beforeAll(async () => {
    server = await era.start();
    minted = await mintOver(gateway, server.url, { tags: SERVER_TAGS });
    const { result } = await ask(gateway, era, minted.token, 'tools/list');
    expect(result.tools).toHaveLength(60);
  });
  afterAll(() => server.stop());

  /** Narrows the endpoint. Where nothing would be left, that is refused. */
  async function narrow({ methods = null, tags = null }: { methods?: unknown; tags?: unknown }): Promise<boolean> {
    const path = { integrated_account_id: minted.serverId.slice('mcp_'.length), id: minted.id };
    const { status } = await call(gateway.url, 'updateEndpoint', { path, body: { config: { methods, tags } } });
    return status === 200;
  }

  async function outcomeOf(name: string): Promise<'runs' | 'is unknown' | 'else'> {
    ran = [];
    const { result, error } = await ask(gateway, era, minted.token, 'tools/call', { name });
    const isRun = ran.length === 1 && ran[0] === name && result?.content[0].text === 'ok';
    const isUnknown = ran.length === 0 && error?.code === -32602 && error.message === `Unknown tool: ${name}`;
    return isRun ? 'runs' : isUnknown ? 'is unknown' : 'else';
  }

  const scopes = scopesOf(SERVERS.indexOf(era));
  test(`${scopes.length} scopes list and call exactly the tools that they select`, {
    timeout: 60_000 + scopes.length * 50,
  }, async () => {
    const wrong: unknown[] = [];
    const shown = new Set<string>();
    for (const [index, scope] of scopes.entries()) {
      const expected = expectedOf(TOOLS, scope).map(({ name }) => name);
      const isNarrowed = await narrow(scope);
      if (isNarrowed !== expected.length > 0) {
        wrong.push({ scope, isNarrowed, expected });
      }
      if (!isNarrowed) {
        continue;
      }
      const { result } = await ask(gateway, era, minted.token, 'tools/list');
      const listed = result.tools.map(({ name }: { name: string }) => name);
      if (JSON.stringify(listed) !== JSON.stringify(expected)) {
        wrong.push({ scope, listed, expected });
      }
      // Every tool the first time that just these are shown, or half of them in each era, and one of each kind, in
      // turn, from then on.
      const all = TOOLS.map(({ name }) => name);
      const hidden = all.filter((name) => !expected.includes(name));
      const some = [expected[index % expected.length], hidden[index % (hidden.length || 1)]];
      const isNew = !shown.has(String(expected));
      shown.add(String(expected));
      for (const name of isNew
        ? all.filter((_, at) => IS_COMPLETE || at % 2 === SERVERS.indexOf(era))
        : some.filter((name) => name !== undefined)) {
        const outcome = await outcomeOf(name);
        if (outcome !== (expected.includes(name) ? 'runs' : 'is unknown')) {
          wrong.push({ scope, name, outcome });
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
