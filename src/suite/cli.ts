import { readArguments, UsageError } from '../cli/arguments.ts';
import type { Document } from '../contract/document.ts';
import { APIS, type Api } from './apis.ts';
import { bearer, type Credentials, keyPair } from './credentials.ts';
import { junitReporter, textReporter } from './reporters.ts';
import { runSuite, type SuiteCredentials, Unreachable } from './run.ts';

/** What the program leaves with. */
export const EXIT = { passed: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

export type Cli = {
  readonly document: Document;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Ends the run after the check under way; what was made is deleted nevertheless. */
  readonly signal: AbortSignal;
};

const REPORTERS = { text: textReporter, junit: junitReporter };

export const USAGE = `Checks a server against the Gatehouse document, over HTTP.

  gatehouse contract --base-url URL [--api servers|operator|accounts] [--read-only] [--reporter text|junit]

  --base-url URL   the server, such as http://localhost:8080
  --api NAME       only this API; without it, all three
  --read-only      only what changes nothing; also for a mock
  --reporter NAME  text (a line for each check) or junit (XML)
  --help           this text

Credentials come from the environment:

  GATEHOUSE_API_KEY, GATEHOUSE_API_SECRET
                   a key pair of an organization, for the Servers API
  GATEHOUSE_API_TOKEN
                   an API token of an organization, for the Accounts API
  GATEHOUSE_ADMIN_TOKEN
                   the operator token, for the Operator API
  GATEHOUSE_OTHER_API_KEY, GATEHOUSE_OTHER_API_SECRET, GATEHOUSE_OTHER_API_TOKEN
                   those of another organization, to check that neither sees the other

With the operator token alone, a run of all APIs makes organizations for itself, with what is not given. A run of one
API needs its credentials, and leaves out what takes another organization where there is none.

Everything that a run makes is named contract-…, and deleted when it ends. A shared server, which is never there, is
granted to every organization for a moment. The Operator API is checked as a gateway keeps it that applies changes at
once, not one with GATEHOUSE_RELOAD=on-restart.

In a clone, \`npm run contract -- …\` is the same. For example:

  gatehouse contract --base-url http://localhost:8080 --read-only

Exit status: 0 everything passed, 1 something failed, 2 wrong usage, 3 the server does not answer, 130 interrupted.
`;

/** Runs the suite as a program: reports on `stdout`, and resolves with the exit status. */
export async function runCli({ document, args, env, stdout, stderr, signal }: Cli): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options === 'help') {
      stdout(USAGE);
      return EXIT.passed;
    }
    const credentials = credentialsOf(env, options);
    const reporter = REPORTERS[options.reporter](stdout);
    let failed = false;
    await runSuite({
      ...options,
      document,
      credentials,
      signal,
      onResult: (result) => {
        failed ||= result.outcome === 'fail';
        reporter.result(result);
      },
    });
    reporter.end();
    return failed ? EXIT.failed : signal.aborted ? EXIT.interrupted : EXIT.passed;
  } catch (error) {
    if (error instanceof UsageError) {
      stderr(`${error.message}\nSee --help.\n`);
      return EXIT.usage;
    }
    if (error instanceof Unreachable) {
      stderr(`${error.message}\n`);
      return EXIT.unreachable;
    }
    throw error;
  }
}

type Options = {
  readonly baseUrl: string;
  readonly apis: readonly Api[];
  readonly readOnly: boolean;
  readonly reporter: keyof typeof REPORTERS;
};

function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = readArguments(args, {
    'base-url': { type: 'string' },
    api: { type: 'string' },
    'read-only': { type: 'boolean' },
    reporter: { type: 'string' },
  });
  if (values.help === true) {
    return 'help';
  }
  return {
    baseUrl: baseUrlOf(values['base-url']),
    apis: values.api === undefined ? APIS : [oneOf('--api', APIS, values.api)],
    readOnly: values['read-only'] === true,
    reporter: oneOf('--reporter', ['text', 'junit'], values.reporter ?? 'text'),
  };
}

function baseUrlOf(text: string | undefined): string {
  const url = text === undefined ? null : URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new UsageError('--base-url: give an http or https URL without credentials, query or fragment');
  }
  return url.href.replace(/\/+$/, '');
}

function oneOf<T extends string>(flag: string, values: readonly T[], text: string): T {
  const found = values.find((value) => value === text);
  if (found === undefined) {
    throw new UsageError(`${flag}: must be one of ${values.join(', ')}`);
  }
  return found;
}

/** The credentials in the environment. Throws for those that the run needs and does not have. */
function credentialsOf(env: Cli['env'], { apis, readOnly }: Options): SuiteCredentials {
  const operator = tokenOf(env, 'GATEHOUSE_ADMIN_TOKEN');
  const team = pairOf(env, 'GATEHOUSE_API_KEY', 'GATEHOUSE_API_SECRET');
  const other = pairOf(env, 'GATEHOUSE_OTHER_API_KEY', 'GATEHOUSE_OTHER_API_SECRET');
  const holder = tokenOf(env, 'GATEHOUSE_API_TOKEN');
  const otherHolder = tokenOf(env, 'GATEHOUSE_OTHER_API_TOKEN');
  if (apis.includes('operator') && operator === null) {
    throw new UsageError('GATEHOUSE_ADMIN_TOKEN: not set; it is the operator token (or check another --api alone)');
  }
  const makesItsOwn = apis.includes('operator') && !readOnly;
  if (apis.includes('servers') && team === null && !makesItsOwn) {
    throw new UsageError('GATEHOUSE_API_KEY, GATEHOUSE_API_SECRET: not set; they are a key pair for the Servers API');
  }
  if (apis.includes('accounts') && holder === null && !makesItsOwn) {
    throw new UsageError('GATEHOUSE_API_TOKEN: not set; it is an API token for the Accounts API');
  }
  return { team, other, holder, otherHolder, operator };
}

function tokenOf(env: Cli['env'], name: string): Credentials | null {
  const token = env[name] || undefined;
  return token === undefined ? null : bearer(token, `$${name}`);
}

function pairOf(env: Cli['env'], keyName: string, secretName: string): Credentials | null {
  const key = env[keyName] || undefined;
  const secret = env[secretName] || undefined;
  if (key !== undefined && secret !== undefined) {
    return keyPair(key, secret, `$${keyName}`, `$${secretName}`);
  }
  if (key !== undefined || secret !== undefined) {
    throw new UsageError(`${key === undefined ? keyName : secretName}: not set, but its other half is`);
  }
  return null;
}
