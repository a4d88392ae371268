import { endWithNpm } from '../base/end-with-npm.ts';
import { runGatehouse } from './cli.ts';

/** The program `gatehouse`. */
endWithNpm();
process.exitCode = await runGatehouse({
  args: process.argv.slice(2),
  env: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  hasColors: process.stdout.isTTY === true && process.stdout.hasColors(),
  interruption: () => {
    const interruption = new AbortController();
    process.once('SIGINT', () => interruption.abort()).once('SIGTERM', () => interruption.abort());
    return interruption.signal;
  },
  now: Date.now,
});
