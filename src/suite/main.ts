import { readDocument } from '../contract/bundle.ts';
import { runCli } from './cli.ts';

/** The contract suite as a program. An interruption lets the check under way end, and cleans up. */
const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort()).once('SIGTERM', () => interruption.abort());

process.exitCode = await runCli({
  document: await readDocument(),
  args: process.argv.slice(2),
  env: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  signal: interruption.signal,
});
