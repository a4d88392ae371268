#!/usr/bin/env node
require('./preload.cjs');
var path = require('node:path');
var url = require('node:url');

// Measured, each of them: docs/decisions.md says why.
var flags = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=40',
  '--no-parallel-scavenge',
  '--max-inlined-bytecode-size=1200',
  '--max-inlined-bytecode-size-cumulative=2500',
  '--expose-gc',
];
if (process.platform !== 'win32' && !process.execArgv.includes(flags[0])) {
  // The heap is laid out before any script runs: v8.setFlagsFromString would change nothing any more.
  process.execve(
    process.execPath,
    [process.execPath].concat(process.execArgv, flags, process.argv.slice(1)),
    process.env,
  );
}
var program = 'main';
if (process.argv[2] === 'contract') {
  process.argv.splice(2, 1);
  program = 'suite/main';
} else if (process.argv.length > 2) {
  usage(process.argv[2] === '--help');
}
import(url.pathToFileURL(path.join(__dirname, '../dist/src', `${program}.js`)).href);

function usage(isWanted) {
  process[isWanted ? 'stdout' : 'stderr'].write(
    'gatehouse             runs the server; it is configured by environment variables, see README.md\n' +
      'gatehouse contract …  runs the contract suite, see gatehouse contract --help\n',
  );
  process.exit(isWanted ? 0 : 2);
}
