import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readMcpJson } from '../../src/cli/mcp-json.ts';
import type { Entry } from '../../src/cli/mcp-json-entry.ts';
import { type SharedServer, withoutSecrets, writeMcpJson } from '../../src/cli/mcp-json-export.ts';
import { fromFile, type Seen, toFile, variableOf } from '../../src/cli/mcp-json-texts.ts';
import { expand } from '../../src/shared-config/variables.ts';
import type { Json } from '../support/json.ts';

const read = (value: unknown): Entry[] => readMcpJson(typeof value === 'string' ? value : JSON.stringify(value));
const readOne = (entry: unknown, more: object = {}): Json => read({ mcpServers: { one: entry }, ...more })[0];

/** What the form of the clients says, with nothing said. */
const NOTHING = { url: null, command: null, args: [], headers: {}, env: {}, cwd: null };
/** What only our form says, with nothing said. */
const NOTHING_OURS = {
  encoding: null,
  encodingErrorHandler: null,
  timeoutSeconds: null,
  sseReadTimeoutSeconds: null,
  terminateOnClose: null,
};
const taken = (key: string, mcpServer: object, more: object = {}) => ({
  kind: 'taken',
  key,
  notes: [],
  isNamed: false,
  body: { name: key, mcpServer: { ...NOTHING, name: key, ...mcpServer } },
  ...more,
});

describe('forms', () => {
  test('mcpServers: Claude Desktop, Claude Code, Cursor', () => {
    const text = `{
      "globalShortcut": "Ctrl+Space",
      "mcpServers": {
        "files": { "command": "npx", "args": ["-y", "@example/files", "/srv"], "env": { "LOG": "debug" }, "cwd": "/srv" },
        "bare": { "command": "files" },
        "docs": { "url": "https://docs.example.com/mcp", "headers": { "X-Team": "a" } },
        "nulls": { "type": null, "command": "files", "args": null, "env": null, "cwd": null, "headers": null }
      }
    }`;
    expect(read(text)).toEqual([
      taken('files', {
        transport: 'stdio',
        command: 'npx',
        args: ['-y', '@example/files', '/srv'],
        env: { LOG: 'debug' },
        cwd: '/srv',
      }),
      taken('bare', { transport: 'stdio', command: 'files' }),
      taken('docs', { transport: 'streamable_http', url: 'https://docs.example.com/mcp', headers: { 'X-Team': 'a' } }),
      taken('nulls', { transport: 'stdio', command: 'files' }),
    ]);
  });

  const stdio = { command: 'files' };
  const remote = { url: 'https://docs.example.com/mcp' };
  const websocket = { url: 'wss://docs.example.com/mcp' };
  test.each([
    [{ type: 'stdio', ...stdio }, 'stdio'],
    [{ type: 'http', ...remote }, 'streamable_http'],
    [{ type: 'streamable-http', ...remote }, 'streamable_http'],
    [{ type: 'streamable_http', ...remote }, 'streamable_http'],
    [{ type: 'streamableHttp', ...remote }, 'streamable_http'],
    [{ type: 'sse', ...remote }, 'sse'],
    [{ type: 'http', url: 'https://docs.example.com/sse' }, 'streamable_http'],
    [{ type: 'ws', ...websocket }, 'websocket'],
    [{ type: 'websocket', ...websocket }, 'websocket'],
    [{ ...websocket }, 'websocket'],
    [{ url: 'WS://docs.example.com/sse' }, 'websocket'],
    [{ transport: 'sse', ...remote }, 'sse'],
    [{ url: 'https://docs.example.com/mcp?from=/sse' }, 'streamable_http'],
    [{ type: 'stdio', ...stdio, ...remote }, 'stdio'],
    [{ type: 'http', ...stdio, ...remote }, 'streamable_http'],
  ])('the transport of %j is %s', (entry, transport) => {
    expect(readOne(entry)).toMatchObject({ kind: 'taken', notes: [], body: { mcpServer: { transport } } });
  });

  test.each(['https://docs.example.com/sse', 'https://docs.example.com/v1/SSE/?a=b'])(
    '%s without a type is taken for SSE, and a note says so',
    (url) => {
      expect(readOne({ url })).toMatchObject({
        notes: ['Imported as SSE, because its url ends in /sse. If this is wrong, add "type": "http".'],
        body: { mcpServer: { transport: 'sse' } },
      });
    },
  );

  test('servers: mcp.json of VS Code, with comments, trailing commas, inputs and a byte order mark', () => {
    const text = `\uFEFF{
      // what the team uses
      "inputs": [
        { "type": "promptString", "id": "github-token", "description": "GitHub token", "password": true },
        { "type": "promptString", "id": "searchKey" },
      ],
      "servers": {
        /* "old": {}, */
        "github": {
          "type": "http",
          "url": "https://mcp.example.com/",
          "headers": { "Authorization": "Bearer \${input:github-token}", },
        },
        "search": { "type": "stdio", "command": "search", "env": { "KEY": "\${input:searchKey}", "PORT": 8080 } },
        "events": { "type": "sse", "url": "https://events.example.com/" },
      },
    }`;
    expect(read(text)).toEqual([
      taken(
        'github',
        {
          transport: 'streamable_http',
          url: 'https://mcp.example.com/',
          headers: { Authorization: `Bearer \${GITHUB_TOKEN}` },
        },
        { notes: ['Set the variable GITHUB_TOKEN for the gateway (GitHub token).'] },
      ),
      taken(
        'search',
        { transport: 'stdio', command: 'search', env: { KEY: `\${SEARCH_KEY}`, PORT: '8080' } },
        { notes: ['Set the variable SEARCH_KEY for the gateway.'] },
      ),
      taken('events', { transport: 'sse', url: 'https://events.example.com/' }),
    ]);
  });

  test('mcp.servers: settings.json of VS Code, other settings around it', () => {
    const inputs = [{ id: 'key', description: 'The key' }];
    const mcp = { inputs, servers: { one: { command: 'one', args: [`\${input:key}`] } } };
    expect(read({ 'editor.fontSize': 12, mcp })).toEqual([
      taken(
        'one',
        { transport: 'stdio', command: 'one', args: [`\${KEY}`] },
        { notes: ['Set the variable KEY for the gateway (The key).'] },
      ),
    ]);
  });

  test('more than one form in a file: all of them', () => {
    const entry = { command: 'x' };
    const document = { mcpServers: { a: entry }, servers: { b: entry }, mcp: { servers: { c: entry } } };
    expect(read(document).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
  });

  test('our own form says everything: what it leaves out is null', () => {
    const own = {
      encoding: 'windows-1252',
      encodingErrorHandler: 'replace',
      timeoutSeconds: 1.5,
      sseReadTimeoutSeconds: 300,
      terminateOnClose: false,
    };
    const ours = { gatehouse: { name: 'Files of the team', enabled: true, mcpServerName: 'files' } };
    const named = { isNamed: true, body: expect.anything() };
    expect(readOne({ command: 'x', ...own, ...ours })).toEqual(
      taken('one', {}, { ...named, body: { name: 'Files of the team', enabled: true, mcpServer: expect.anything() } }),
    );
    expect(readOne({ command: 'x', ...own, ...ours }).body.mcpServer).toEqual({
      ...NOTHING,
      name: 'files',
      transport: 'stdio',
      command: 'x',
      ...own,
    });
    expect(readOne({ command: 'x', ...ours }).body.mcpServer).toMatchObject(NOTHING_OURS);
    expect(readOne({ command: 'x', timeoutSeconds: 9 }).body.mcpServer).toEqual({
      ...NOTHING,
      name: 'one',
      transport: 'stdio',
      command: 'x',
      timeoutSeconds: 9,
    });
  });

  test.each([
    [{}, undefined],
    [{ disabled: true }, false],
    [{ disabled: false }, true],
    [{ enabled: false }, false],
    [{ enabled: true }, true],
    [{ enabled: true, disabled: true }, false],
    [{ gatehouse: { enabled: false } }, false],
    [{ gatehouse: { enabled: true }, disabled: true }, false],
    [{ gatehouse: { enabled: true } }, true],
    [{ disabled: null, enabled: null }, undefined],
  ])('%j: enabled is %s', (said, enabled) => {
    expect(readOne({ command: 'x', ...said }).body.enabled).toBe(enabled);
  });

  test('keys that mean something to JavaScript are keys like any other', () => {
    const text = '{"mcpServers": {"__proto__": {"command": "x", "env": {"__proto__": "a", "constructor": "b"}}}}';
    const [entry] = read(text) as Json[];
    expect(entry.key).toBe('__proto__');
    expect(Object.entries(entry.body.mcpServer.env)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });
});

describe('references', () => {
  test.each([
    [`\${NAME}`, `\${NAME}`],
    [`a\${env:NAME}b\${env:_n2}`, `a\${NAME}b\${_n2}`],
    [`$\${NAME} and $\${env:NAME} and $\${workspaceFolder}`, `$\${NAME} and $\${env:NAME} and $\${workspaceFolder}`],
    [`\${1:-x} \${a.b} \${ \${} $NAME {NAME}`, `\${1:-x} \${a.b} \${ \${} $NAME {NAME}`],
    [`\${env:NAME`, `\${env:NAME`],
  ])('%s is read as %s', (text, expected) => {
    const entry = readOne({ type: 'stdio', command: text, args: [text], env: { A: text }, cwd: text, url: text });
    expect(entry.notes).toEqual([]);
    expect(entry.body.mcpServer).toMatchObject({
      command: expected,
      args: [expected],
      env: { A: expected },
      cwd: expected,
      url: expected,
    });
  });

  test('a default is not taken over, and a note says that the variable must be set', () => {
    const entry = readOne({ url: 'https://example.com/', headers: { A: `\${TOKEN:-hush-hush}`, B: `\${TOKEN:-}` } });
    expect(entry.body.mcpServer.headers).toEqual({ A: `\${TOKEN}`, B: `\${TOKEN}` });
    expect(entry.notes).toEqual(['Set the variable TOKEN for the gateway: its default is ignored.']);
  });

  test.each([
    `\${workspaceFolder}`,
    `\${workspaceFolder:api}`,
    `\${workspaceFolderBasename}`,
    `\${userHome}`,
    `\${file}`,
    `\${pathSeparator}`,
    `\${/}`,
    `\${cwd}`,
    `\${config:search.key}`,
    `\${command:extension.pick}`,
    `\${env:ProgramFiles(x86)}`,
  ])('%s: the entry is skipped', (reference) => {
    expect(readOne({ command: 'x', args: [`\${env:A}`, `--at=${reference}`] })).toEqual({
      kind: 'skipped',
      key: 'one',
      notes: [],
      reason: `it uses ${reference}, which only an editor can replace`,
    });
  });

  test('two inputs of one variable are refused, one input in two entries is not', () => {
    const entry = (...ids: string[]) => ({ command: 'x', args: ids.map((id) => `\${input:${id}}`) });
    const servers = { a: entry('api-key'), b: entry('api-key'), c: entry('api_key'), d: entry('密钥') };
    const [a, b, c, d] = read({ servers }) as Json[];
    expect([a.body.mcpServer.args, b.body.mcpServer.args]).toEqual([[`\${API_KEY}`], [`\${API_KEY}`]]);
    expect(c).toMatchObject({
      kind: 'failed',
      reason: 'the inputs api-key and api_key give the same variable API_KEY; rename one',
    });
    expect(d).toMatchObject({
      kind: 'failed',
      reason: 'the id of the input 密钥 gives no variable name: it needs an ASCII letter or digit',
    });
  });

  test.each([
    ['endpoint-token', 'ENDPOINT_TOKEN'],
    ['perplexityKey', 'PERPLEXITY_KEY'],
    ['clé-accès', 'CLE_ACCES'],
    ['7zip', 'MCP_7ZIP'],
    ['gatehouse-token', 'MCP_GATEHOUSE_TOKEN'],
    ['database_url', 'MCP_DATABASE_URL'],
    ['时间', null],
  ])('%s makes the variable %s', (words, variable) => {
    expect(variableOf(words)).toBe(variable);
  });
});

describe('what is not taken', () => {
  test('unknown keys are named, and the rest is taken', () => {
    const entry = { command: 'x', envFile: '.env', autoApprove: ['a'], gatehouse: { slug: 'x' } };
    expect(readOne(entry)).toMatchObject({
      kind: 'taken',
      notes: ['Ignored keys: envFile, autoApprove, gatehouse.slug.'],
    });
    expect(readOne({ httpUrl: 'https://example.com/' })).toMatchObject({
      kind: 'failed',
      notes: ['Ignored keys: httpUrl.'],
      reason: 'it has neither a command nor a url',
    });
  });

  test.each<[unknown, string]>([
    ['hush-hush', 'it must be an object'],
    [null, 'it must be an object'],
    [[], 'it must be an object'],
    [{}, 'it has neither a command nor a url'],
    [{ command: 'x', url: 'y' }, 'it has both a command and a url; add a type to choose one'],
    [{ type: 'grpc', url: 'y' }, 'its type must be stdio, http, sse or ws'],
    [{ type: 'constructor', url: 'y' }, 'its type must be stdio, http, sse or ws'],
    [{ type: 7, url: 'y' }, 'its type must be a string'],
    [{ type: 'stdio', url: 'y' }, 'it has no command, which the transport stdio requires'],
    [{ type: 'http', command: 'x' }, 'it has no url, which the transport streamable_http requires'],
    [{ command: ['hush-hush'] }, 'its command must be a string'],
    [{ url: { at: 'hush-hush' } }, 'its url must be a string'],
    [{ command: 'x', cwd: 7 }, 'its cwd must be a string'],
    [{ command: 'x', args: 'hush-hush' }, 'its args must be a list of strings'],
    [{ command: 'x', args: ['a', 7] }, 'its args must be a list of strings'],
    [{ command: 'x', env: ['hush-hush'] }, 'its env must be an object'],
    [{ command: 'x', env: { A: null } }, 'its env.A must be a string'],
    [{ command: 'x', env: { A: ['hush-hush'] } }, 'its env.A must be a string'],
    [{ command: 'x', env: { A: 1.5 } }, 'its env.A must be a string'],
    [{ url: 'y', headers: { A: true } }, 'its headers.A must be a string'],
    [{ command: 'x', disabled: 'yes' }, 'its disabled must be true or false'],
    [{ command: 'x', enabled: 1 }, 'its enabled must be true or false'],
    [{ command: 'x', timeoutSeconds: '30' }, 'its timeoutSeconds must be a number'],
    [{ command: 'x', gatehouse: 'x' }, 'its gatehouse must be an object'],
    [{ command: 'x', gatehouse: { name: 7 } }, 'its gatehouse.name must be a string'],
  ])('%j fails: %s', (entry, reason) => {
    expect(readOne(entry)).toMatchObject({ kind: 'failed', key: 'one', reason });
  });

  test.each<[string, string]>([
    ['', 'is not valid JSON: value expected in line 1, column 1'],
    ['{\n  "mcpServers": hush-hush }', 'is not valid JSON: invalid symbol in line 2, column 17'],
    ['{"mcpServers": {}', 'is not valid JSON: close brace expected in line 1, column 18'],
    ['{"mcpServers": {}} {}', 'is not valid JSON: end of file expected in line 1, column 20'],
    ['['.repeat(100_000), 'is not readable JSON: it is nested too deeply'],
    ['[]', 'has no "mcpServers", "servers" or "mcp": {"servers"}, so it is not a configuration file of an MCP client'],
    ['"mcpServers"', 'has no "mcpServers"'],
    ['null', 'has no "mcpServers"'],
    ['{"mcpServers": [], "servers": [{"url": "/"}], "mcp": 1}', 'has no "mcpServers"'],
    ['{"mcpServers": {}}', 'contains no servers'],
    ['{"servers": {}, "mcp": {"servers": {}}}', 'contains no servers'],
  ])('a file that is none, %#', (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).not.toThrow('hush');
  });
});

const piece = fc.constantFrom(
  ...[
    '$',
    '$$',
    '{',
    '}',
    `\${`,
    'A',
    `\${A}`,
    `\${env:A}`,
    `\${cwd}`,
    `\${env:cwd}`,
    `\${input:a}`,
    `\${A:-b}`,
    `\${/}`,
  ],
  ...[`\${config:a}`, `\${env:A(b)}`, `\${1}`, `\${file:-x}`, ':', ' '],
);
const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
const seen = (): Seen => ({ inputs: new Set(), defaults: new Set(), editors: new Set() });

test('what is written is read as what means the same to the gateway, and nothing in it means anything to an editor', () => {
  const environment = { A: 'a', cwd: 'c', file: 'f', env: 'e', input: 'i' };
  fc.assert(
    fc.property(text, (original) => {
      const met = seen();
      const again = fromFile(toFile(original), met);
      expect(expand(again, environment)).toBe(expand(original, environment));
      expect(toFile(again)).toBe(toFile(original));
      expect(met).toEqual(seen());
    }),
    { numRuns: 5000 },
  );
});

test('any servers are written so that they are read as they are', () => {
  const map = fc.dictionary(fc.constantFrom('A', 'B', '__proto__'), text);
  const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
  const mcpServer = fc.record({
    name: fc.constantFrom('a', 'A', 'a 2', '时间', '__proto__', '7'),
    transport: fc.constantFrom('stdio', 'sse', 'streamable_http', 'websocket'),
    url: fc.constantFrom('', 'https://example.com/sse', 'wss://example.com'),
    command: fc.constantFrom('', 'x'),
    args: fc.array(text, { maxLength: 2 }),
    headers: map,
    env: map,
    cwd: maybe(text),
    encoding: maybe(fc.constant('utf-8')),
    encodingErrorHandler: maybe(fc.constantFrom('strict', 'ignore')),
    timeoutSeconds: maybe(fc.constantFrom(1.5, 30)),
    sseReadTimeoutSeconds: maybe(fc.constant(300)),
    terminateOnClose: maybe(fc.boolean()),
    sessionKwargs: fc.constant({}),
  });
  const server = fc.record({
    name: fc.constantFrom('One', 'Two'),
    enabled: fc.boolean(),
    mcpServer,
    slug: fc.constant('s'),
  });
  const written = (servers: readonly SharedServer[]) =>
    servers.map(({ name, enabled, mcpServer: { sessionKwargs: _, ...config } }) => {
      const plain = JSON.parse(JSON.stringify(config), (_key, value) =>
        typeof value === 'string' ? toFile(value) : value,
      );
      return JSON.stringify({ name, enabled, ...plain });
    });
  fc.assert(
    fc.property(fc.array(server, { maxLength: 4, minLength: 1 }), fc.boolean(), (servers, isSecret) => {
      const all = servers as unknown as SharedServer[];
      const shown = isSecret ? withoutSecrets(all) : all;
      const entries = read(writeMcpJson(shown)) as Json[];
      expect(entries.map(({ kind, notes }) => [kind, notes])).toEqual(entries.map(() => ['taken', []]));
      const sameShape = entries.map(({ body }) => ({ ...body, mcpServer: { ...body.mcpServer, sessionKwargs: {} } }));
      const order = ({ mcpServer: m, name, enabled }: Json): SharedServer => ({
        ...({ name, enabled } as SharedServer),
        mcpServer: Object.fromEntries(Object.keys(shown[0]?.mcpServer ?? {}).map((key) => [key, m[key]])) as never,
      });
      expect(written(sameShape.map(order)).toSorted()).toEqual(written(shown).toSorted());
    }),
    { numRuns: 300 },
  );
});
