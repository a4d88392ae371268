import { open } from 'node:fs/promises';
import { readDocument } from '../contract/bundle.ts';
import { CredentialsRefused, Unreachable } from '../suite/preflight.ts';
import { prettyReporter, REPORTERS, type Reporter } from '../suite/reporters.ts';
import { checksFor, runSuite } from '../suite/run.ts';
import { UsageError } from './arguments.ts';
import { type Context, EXIT } from './command.ts';
import { type ContractOptions, parseContractArguments, suiteCredentials } from './contract-arguments.ts';

/**
 * Checks a server: reports on standard output or in a file, and resolves with the exit status. Throws UsageError for
 * options and credentials that are invalid.
 */
export async function runContract(context: Context): Promise<number> {
  const { args, env, stdout, stderr, interruption } = context;
  const options = parseContractArguments(args);
  const document = await readDocument();
  const checks = await checksFor({ ...options, document });
  if (checks.length === 0) {
    // A run of no checks would pass.
    throw new UsageError('these options leave no check to run; --list prints the names of the checks');
  }
  if (options.baseUrl === null) {
    stdout(checks.map(({ api, name }) => `${api.padEnd(8)}  ${name}\n`).join(''));
    return EXIT.done;
  }
  const credentials = suiteCredentials(env, options);
  const signal = interruption();
  const report = await openReport(context, options);
  let failed = false;
  try {
    const { coverage } = await runSuite({
      ...options,
      baseUrl: options.baseUrl,
      document,
      credentials,
      signal,
      onResult: (result) => {
        failed ||= result.outcome === 'fail';
        report.result(result);
      },
    });
    await report.end(coverage, null);
  } catch (error) {
    if (error instanceof Unreachable || error instanceof CredentialsRefused) {
      await report.end(null, error.message);
      stderr(`${error.message}\n`);
      return error instanceof Unreachable ? EXIT.unreachable : EXIT.usage;
    }
    throw error;
  }
  return failed ? EXIT.failed : signal.aborted ? EXIT.interrupted : EXIT.done;
}

type Report = {
  readonly result: Reporter['result'];
  readonly end: (...told: Parameters<Reporter['end']>) => Promise<void>;
};

/** The report on standard output; with a file, the file's too. Throws UsageError if the file cannot be opened. */
async function openReport({ stdout, hasColors }: Context, { reporter, output }: ContractOptions): Promise<Report> {
  if (output === null) {
    const only = REPORTERS[reporter](stdout, hasColors);
    return { result: only.result, end: async (...told) => only.end(...told) };
  }
  const file = await open(output, 'w').catch((error: Error) => {
    throw new UsageError(`--output: ${error.message}`);
  });
  const texts: string[] = [];
  const both = [prettyReporter(stdout, hasColors), REPORTERS[reporter]((text) => texts.push(text), false)];
  return {
    result: (result) => both.forEach((each) => void each.result(result)),
    end: async (...told) => {
      both.forEach((each) => void each.end(...told));
      await file.writeFile(texts.join(''));
      await file.close();
    },
  };
}
