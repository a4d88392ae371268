import { runDocs } from './cli.ts';

/** `npm run docs`. */
process.exitCode = await runDocs({
  args: process.argv.slice(2),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
});
