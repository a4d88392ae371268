import { readDocument } from '../contract/bundle.ts';
import { APIS, type Api } from '../suite/apis.ts';
import { bearer, type Credentials, keyPair } from '../suite/credentials.ts';
import { junitReporter, textReporter } from '../suite/reporters.ts';
import { runSuite, type SuiteCredentials, Unreachable } from '../suite/run.ts';
import { readArguments, UsageError } from './arguments.ts';
import { type Context, EXIT } from './command.ts';

const REPORTERS = { text: textReporter, junit: junitReporter };

/** The text of `gatehouse contract --help`. */
export const USAGE = `Checks a server against the OpenAPI document of Gatehouse, over HTTP.

  gatehouse contract --base-url URL [--api servers|operator|accounts] [--read-only] [--reporter text|junit]

  --base-url URL   the server, such as http://localhost:8080
  --api NAME       only this API; the default is all three
  --read-only      only checks that change nothing; also for a mock
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
                   credentials of another organization, to check that neither sees the other

With the operator token, a run of all APIs creates organizations and the missing credentials. A run of one API needs
the credentials of that API, and skips checks that need another organization if it has no credentials for one.

A run gives everything it creates a name contract-…, and deletes it at the end. It grants an unreachable shared server
to every organization for a moment. The checks of the Operator API expect a gateway that applies changes at once,
without GATEHOUSE_RELOAD=on-restart.

In a clone, \`npm run contract -- …\` is the same. For example:

  gatehouse contract --base-url http://localhost:8080 --read-only

Exit status: 0 all checks passed, 1 a check failed, 2 wrong usage, 3 the server does not answer, 130 interrupted.
`;

/**
 * Checks a server: reports on standard output, and resolves with the exit status. Throws UsageError for options and
 * credentials that are invalid.
 */
export async function runContract({ args, env, stdout, stderr, interruption }: Context): Promise<number> {
  const options = parseOptions(args);
  const credentials = credentialsOf(env, options);
  const signal = interruption();
  const reporter = REPORTERS[options.reporter](stdout);
  let failed = false;
  try {
    await runSuite({
      ...options,
      document: await readDocument(),
      credentials,
      signal,
      onResult: (result) => {
        failed ||= result.outcome === 'fail';
        reporter.result(result);
      },
    });
  } catch (error) {
    if (error instanceof Unreachable) {
      stderr(`${error.message}\n`);
      return EXIT.unreachable;
    }
    throw error;
  }
  reporter.end();
  return failed ? EXIT.failed : signal.aborted ? EXIT.interrupted : EXIT.done;
}

type Options = {
  readonly baseUrl: string;
  readonly apis: readonly Api[];
  readonly readOnly: boolean;
  readonly reporter: keyof typeof REPORTERS;
};

function parseOptions(args: readonly string[]): Options {
  const { values } = readArguments(args, {
    'base-url': { type: 'string' },
    api: { type: 'string' },
    'read-only': { type: 'boolean' },
    reporter: { type: 'string' },
  });
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

/** Returns the credentials in the environment. Throws if credentials that the run needs are missing. */
function credentialsOf(env: Context['env'], { apis, readOnly }: Options): SuiteCredentials {
  const operator = tokenOf(env, 'GATEHOUSE_ADMIN_TOKEN');
  const team = pairOf(env, 'GATEHOUSE_API_KEY', 'GATEHOUSE_API_SECRET');
  const other = pairOf(env, 'GATEHOUSE_OTHER_API_KEY', 'GATEHOUSE_OTHER_API_SECRET');
  const holder = tokenOf(env, 'GATEHOUSE_API_TOKEN');
  const otherHolder = tokenOf(env, 'GATEHOUSE_OTHER_API_TOKEN');
  if (apis.includes('operator') && operator === null) {
    throw new UsageError('GATEHOUSE_ADMIN_TOKEN: not set; it is the operator token (or check another API with --api)');
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

function tokenOf(env: Context['env'], name: string): Credentials | null {
  const token = env[name] || undefined;
  return token === undefined ? null : bearer(token, `$${name}`);
}

function pairOf(env: Context['env'], keyName: string, secretName: string): Credentials | null {
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
