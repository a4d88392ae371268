import type { Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import {
  absent,
  create,
  created,
  dataOf,
  disabled,
  listed,
  NOBODY,
  nowhere,
  type Path,
  read,
  reference,
  reloadOf,
} from './shared-support.ts';
import { INVALID, mistakesOf, refused } from './support.ts';

type Wrong = Readonly<Record<string, unknown>>;

/** What one key must not be, in a body and in its `mcpServer`. */
const WRONG: Record<string, readonly unknown[]> = {
  name: ['', 'n'.repeat(256), 1],
  enabled: ['true', 0],
  mcpServer: ['', []],
};
const WRONG_IN_CONFIG: Record<string, readonly unknown[]> = {
  name: ['', 'n'.repeat(256), null],
  transport: ['http', 'STDIO', null],
  url: [1, `http://127.0.0.1/${'u'.repeat(2048)}`],
  command: [1],
  args: ['-y', [1], null],
  headers: [[], { 'X-A': 1 }, null],
  env: [[], { A: 1 }, { '1A': 'x' }, { 'A-B': 'x' }, null],
  cwd: ['', 1],
  encoding: ['', 1],
  encodingErrorHandler: ['fail'],
  timeoutSeconds: [0, -1, '5'],
  sseReadTimeoutSeconds: [0, -1],
  terminateOnClose: ['no'],
  sessionKwargs: [{ a: 1 }, null],
};

/** Configurations that lack what their transport needs, or have a URL that it does not dial; and where that is said. */
const UNFIT: readonly [field: string, config: Wrong][] = [
  ['url', {}],
  ['url', { transport: 'sse', url: null }],
  ['url', { transport: 'websocket', command: 'npx' }],
  ['url', { url: '' }],
  ['command', { transport: 'stdio', url: NOBODY }],
  ['command', { transport: 'stdio', command: '' }],
  ['url', { url: 'ws://127.0.0.1:9/mcp' }],
  ['url', { transport: 'sse', url: 'wss://127.0.0.1:9/mcp' }],
  ['url', { transport: 'websocket', url: 'ftp://127.0.0.1:9/mcp' }],
  ['url', { url: '127.0.0.1:9/mcp' }],
  ['url', { url: 'http://user:contract@127.0.0.1:9/mcp' }],
];

/** Keys in another spelling, and the one that is meant. */
const MEANT = [
  ['mcp_server', 'mcpServer'],
  ['Enabled', 'enabled'],
] as const;

/** Sends what must be refused as a new server and as a change of one, with a mistake in a field, or below it. */
async function refusedEverywhere(operator: Caller, path: Path, create: Wrong, patch: Wrong, field: string) {
  for (const [id, body] of [
    ['createSharedServer', create],
    ['updateSharedServer', patch],
  ] as const) {
    const answer = await refused(operator, INVALID, id, { path, body });
    const fields = fieldsOf(answer.json);
    const named = fields.some((one) => one === field || one.startsWith(`${field}.`));
    holds(answer, named, `a field error of ${field}`, fields);
  }
}

const fieldsOf = (json: unknown): string[] =>
  ((json as { error: { fieldErrors?: { field: string }[] } }).error.fieldErrors ?? []).map(({ field }) => field);

/** Invalid requests are refused, and change nothing. */
export const sharedInvalidChecks = checks('operator', {
  'createSharedServer, updateSharedServer: what is wrong, missing, unknown or read-only is refused by name': async ({
    operator,
    name,
  }) => {
    const path = await created(operator, disabled(name('wrong')));
    const before = await read(operator, path);
    const whole = disabled(name('refused'));
    for (const [key, values] of Object.entries(WRONG)) {
      for (const value of values) {
        await refusedEverywhere(operator, path, { ...whole, [key]: value }, { [key]: value }, `body.${key}`);
      }
      await refused(operator, INVALID, 'createSharedServer', { body: { ...whole, [key]: null } }, `body.${key}`);
    }
    for (const [key, value] of Object.entries({
      id: before.id,
      slug: 'x',
      createdAt: before.createdAt,
      nickname: 'x',
    })) {
      const body = { name: name('sneaked'), [key]: value };
      await refusedEverywhere(operator, path, { ...whole, ...body }, body, `body.${key}`);
    }
    const { name: _, ...unnamed } = whole;
    await refused(operator, INVALID, 'createSharedServer', { body: unnamed }, 'body.name');
    await refused(operator, INVALID, 'createSharedServer', { body: { name: name('refused') } }, 'body.mcpServer');
    await nothingCame(operator, path, before, [name('refused'), name('sneaked')]);
  },

  'createSharedServer, updateSharedServer: what is wrong in mcpServer is refused by name': async ({
    operator,
    name,
  }) => {
    const path = await created(operator, disabled(name('config')));
    const before = await read(operator, path);
    const wrong: [field: string, config: Wrong][] = [
      ...Object.entries(WRONG_IN_CONFIG).flatMap(([key, values]) =>
        values.map((value): [string, Wrong] => [key, { url: NOBODY, [key]: value }]),
      ),
      ['timeout', { url: NOBODY, timeout: 5 }],
      ...UNFIT,
    ];
    for (const [field, config] of wrong) {
      const mcpServer = { name: name('config'), ...config };
      const body = { name: name('config-refused'), enabled: false, mcpServer };
      await refusedEverywhere(operator, path, body, { mcpServer }, `body.mcpServer.${field}`);
    }
    await refused(
      operator,
      INVALID,
      'updateSharedServer',
      { path, body: { mcpServer: { url: NOBODY } } },
      'body.mcpServer.name',
    );
    await nothingCame(operator, path, before, [name('config-refused')]);
  },

  'createSharedServer, updateSharedServer: a header that HTTP or the gateway forbids is refused by name': async ({
    operator,
    name,
  }) => {
    const path = await created(operator, disabled(name('headers')));
    const before = await read(operator, path);
    const headers = {
      'Bad Name': 'x',
      'Bad:Name': 'x',
      '': 'x',
      Host: 'x',
      'content-length': '1',
      'X-Split': 'a\r\nb',
      'X-Beyond': '日本',
    };
    for (const [header, value] of Object.entries(headers)) {
      const mcpServer = { name: name('headers'), url: NOBODY, headers: { [header]: value } };
      const body = { name: name('headers-refused'), mcpServer, enabled: false };
      await refusedEverywhere(operator, path, body, { mcpServer }, 'body.mcpServer.headers');
    }
    await nothingCame(operator, path, before, [name('headers-refused')]);
  },

  "createSharedServer, updateSharedServer: the gateway's own variables are refused, wherever they are": async ({
    operator,
    deployment,
    name,
  }) => {
    const path = await created(operator, disabled(name('variables')));
    const before = await read(operator, path);
    for (const variable of ['GATEHOUSE_ADMIN_TOKEN', 'GATEHOUSE_X', 'DATABASE_URL'].map(reference)) {
      const places: Record<string, Wrong> = {
        url: { url: `http://127.0.0.1:9/${variable}` },
        command: { command: variable },
        'args.1': { args: ['-y', `--key=${variable}`] },
        'headers.Authorization': { headers: { Authorization: `Bearer ${variable}` } },
        'env.KEY': { env: { KEY: variable } },
        cwd: { cwd: `/srv/${variable}` },
      };
      for (const [field, config] of Object.entries(places)) {
        const mcpServer = { name: name('variables'), url: NOBODY, ...config };
        const body = { name: name('variables-refused'), mcpServer, enabled: false };
        await refusedEverywhere(operator, path, body, { mcpServer }, `body.mcpServer.${field}`);
      }
    }
    await nothingCame(operator, path, before, [name('variables-refused')]);
    const literal = { headers: { 'X-Literal': `$${reference('GATEHOUSE_ADMIN_TOKEN')}` } };
    const answer = await create(operator, absent(name('literal'), literal));
    same(answer, 'headers, as they were sent,', dataOf(answer).mcpServer.headers, literal.headers);
    await deployment.requireLiveReload();
    same(answer, 'the status of the reload', reloadOf(answer).status, 'reloaded');
  },

  'createSharedServer, updateSharedServer: an unknown key is told which one is meant': async ({ operator, name }) => {
    const path = await created(operator, disabled(name('meant')));
    for (const [key, meant] of MEANT) {
      const body = { ...disabled(name('meant-refused')), [key]: {} };
      for (const operation of ['createSharedServer', 'updateSharedServer'] as const) {
        const answer = await refused(operator, INVALID, operation, { path, body }, `body.${key}`);
        const [mistake] = mistakesOf(answer, `body.${key}`);
        holds(answer, mistake?.message.includes(meant) === true, `a message that names ${meant}`, mistake?.message);
      }
    }
  },

  'every operation on one: an id of another kind is refused as a part of the path': async ({ operator }) => {
    const id = nowhere().mcp_id;
    for (const wrong of ['search', '1', `mcp_${id}`, id.slice(1)]) {
      for (const [operation, body] of [
        ['getSharedServer', undefined],
        ['updateSharedServer', { name: 'x' }],
        ['deleteSharedServer', undefined],
        ['checkSharedServerTools', undefined],
        ['getSharedServerOrganizations', undefined],
        ['setSharedServerOrganizations', { organizations: [] }],
      ] as const) {
        await refused(operator, INVALID, operation, { path: { mcp_id: wrong }, body }, 'path.mcp_id');
      }
    }
  },
});

/** Checks that a server is as it was, and that none was made with these names. */
async function nothingCame(operator: Caller, path: Path, before: unknown, names: readonly string[]): Promise<void> {
  const after = await operator.call(200, 'getSharedServer', { path });
  same(after, 'the server as it was:', after.json, before);
  const { answer, own } = await listed(operator, names);
  same(answer, 'no new servers', own, []);
}
