import type { Tool } from '../gateway/calls.ts';
import type { Copy } from './copy.ts';

/** Something that is done for speed or memory only, and how a copy of the project runs without it. */
export type Trick = {
  readonly title: string;
  /** What is called to measure it, if that is not `echo`. */
  readonly tool?: Tool;
  readonly remove: (copy: Copy) => void;
};

const flag = (name: string): Trick => ({
  title: name,
  remove: (copy) => copy.edit('bin/gatehouse.cjs', new RegExp(`'${name}(?:=\\d+)?'(?:,\\s+)?`), ''),
});

/** The tricks, by what runs in their place. */
export const TRICKS: readonly Trick[] = [
  { title: 'slots in place of a Set', remove: (copy) => copy.swap('base/fast/slots.js', 'slots.ts') },
  {
    title: 'the ends of nested JSON found 64 bytes at a time',
    tool: 'rows',
    remove: (copy) => copy.swap('base/fast/nested-end.js', 'nested-end.ts'),
  },
  {
    title: 'JSON measured 64 bytes at a time',
    tool: 'rows-argument',
    remove: (copy) => copy.swap('base/fast/measure-json.js', 'measure-json.ts'),
  },
  {
    title: 'insertions of calls written once',
    remove: (copy) => {
      copy.edit(
        'dist/src/store/tool-calls.js',
        'const { rows } = await db.sql.executeQuery(CompiledQuery.raw(insertion, values));',
        "const rows = await db.sql.insertInto('tool_calls').values(slice).onConflict((conflict) => conflict.column('id').doNothing()).returning('id').execute();",
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
  flag('--max-semi-space-size'),
  flag('--heap-growing-percent'),
  flag('--no-parallel-scavenge'),
  {
    title: 'MALLOC_ARENA_MAX=2',
    remove: (copy) => copy.edit('bin/gatehouse.cjs', ", MALLOC_ARENA_MAX: '2'", ''),
  },
];
