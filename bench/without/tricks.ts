import type { Copy } from './copy.ts';

/** Something that is done for speed or memory only, and how a copy of the project runs without it. */
export type Trick = { readonly title: string; readonly remove: (copy: Copy) => void };

const flag = (name: string): Trick => ({
  title: name,
  remove: (copy) => copy.edit('bin/gatehouse.cjs', `  '${name}',\n`, ''),
});

/** The tricks, by what runs in their place. */
export const TRICKS: readonly Trick[] = [
  { title: 'slots in place of a Set', remove: (copy) => copy.swap('base/fast/slots.js', 'slots.ts') },
  {
    title: 'log lines in blocks',
    remove: (copy) => {
      const file = 'dist/src/base/log-destination.js';
      copy.edit(
        file,
        'export function createLogDestination() {',
        'export function createLogDestination() {\n    return pino.destination({ sync: false, minLength: BLOCK_CHARS, periodicFlush: PAUSE_MS });',
      );
    },
  },
  {
    title: 'reused objects of waiting calls',
    remove: (copy) => {
      const file = 'dist/src/audit/waiting-calls.js';
      copy.edit(file, 'let kept = this.#kept[this.#count];', 'let kept;');
      copy.edit(file, 'this.#kept.push(...dropped);', '');
    },
  },
  {
    title: 'one timer for the silence of all servers',
    remove: (copy) => copy.swap('egress/idle-watch.js', 'idle-watch.ts'),
  },
  {
    title: 'insertions of calls written once',
    remove: (copy) => {
      copy.edit(
        'dist/src/store/tool-calls.js',
        'await sql.executeQuery(CompiledQuery.raw(insertion, values));',
        "await sql.insertInto('tool_calls').values(slice).onConflict((conflict) => conflict.column('id').doNothing()).execute();",
      );
    },
  },
  {
    title: 'cached prepared statements',
    remove: (copy) =>
      copy.edit('dist/src/store/sqlite/connection.js', 'let prepared = cache.get(sql);', 'let prepared;'),
  },
  {
    title: 'the way past Express',
    remove: (copy) => {
      const file = 'dist/src/app.js';
      copy.edit(
        file,
        '    app.use(register({',
        '    app.use((request, response, next) => gateway(request, response) || next());\n    app.use(register({',
      );
      copy.edit(file, 'if (!gateway(identified, response)) {', '{');
    },
  },
  {
    title: 'undici in parts',
    remove: (copy) => {
      const file = 'dist/src/base/fast/undici.js';
      copy.edit(
        file,
        "import connect from 'undici/lib/core/connect.js';",
        "import { Agent as Dispatcher, buildConnector as connect } from 'undici';",
      );
      copy.edit(file, "import Dispatcher from 'undici/lib/dispatcher/agent.js';", '');
    },
  },
  {
    title: 'node:http in parts',
    remove: (copy) =>
      copy.edit(
        'dist/src/base/fast/node-http.js',
        "export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');",
        "export { createServer, STATUS_CODES } from 'node:http';",
      ),
  },
  {
    title: 'the young generation collected by the bytes that passed',
    remove: (copy) =>
      copy.edit(
        'dist/src/base/young-buffers.js',
        'export function giveUpBuffers(bytes) {',
        'export function giveUpBuffers(bytes) {\n    return;',
      ),
  },
  {
    title: 'collection after the start',
    remove: (copy) => copy.edit('dist/src/main.js', 'globalThis.gc?.();', ''),
  },
  flag('--max-semi-space-size=4'),
  flag('--heap-growing-percent=100'),
  flag('--no-parallel-scavenge'),
  {
    title: '--max-inlined-bytecode-size*',
    remove: (copy) => {
      copy.edit('bin/gatehouse.cjs', "  '--max-inlined-bytecode-size=1200',\n", '');
      copy.edit('bin/gatehouse.cjs', "  '--max-inlined-bytecode-size-cumulative=2500',\n", '');
    },
  },
  {
    title: 'MALLOC_ARENA_MAX=2',
    remove: (copy) => copy.edit('bin/gatehouse.cjs', ", MALLOC_ARENA_MAX: '2'", ''),
  },
];
