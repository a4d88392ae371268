#!/usr/bin/env node
require('./preload.cjs');
var path = require('node:path');
var url = require('node:url');
var secrets = require('./handed-secrets.cjs');

// Measured, each of them: docs/decisions says why.
var flags = ['--max-semi-space-size=4', '--heap-growing-percent=100', '--no-parallel-scavenge', '--expose-gc'];
// Everything else is read by src/cli, and is short enough to do with Node's own heap.
var isServer = process.argv.length === 2 || (process.argv.length === 3 && process.argv[2] === 'serve');
if (isServer && process.platform !== 'win32') {
  if (!process.execArgv.includes(flags[0])) {
    // Whoever sets the heap themselves is right.
    if (!/max[-_]old[-_]space[-_]size/.test(process.execArgv.concat(process.env.NODE_OPTIONS || '').join(' '))) {
      flags.push(
        '--max-old-space-size=' +
          require('../dist/src/base/memory-size.js').heapMib(process.env.GATEHOUSE_MEMORY_BUDGET),
      );
    }
    // The heap is laid out before any script runs: v8.setFlagsFromString would change nothing any more.
    process.execve(
      process.execPath,
      [process.execPath].concat(process.execArgv, flags, process.argv.slice(1)),
      // Compressing and the look-ups of the system take turns on these threads, and a silent name holds one for long.
      // Threads that read large documents come and go: what glibc keeps for each of them is not given back.
      Object.assign({ UV_THREADPOOL_SIZE: '16', MALLOC_ARENA_MAX: '2' }, secrets.handOver(process.env)),
    );
  }
  secrets.takeOver(process.env);
}
import(url.pathToFileURL(path.join(__dirname, '../dist/src', isServer ? 'main.js' : 'cli/main.js')).href);
