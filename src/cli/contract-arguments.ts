import { APIS, type Api } from '../suite/apis.ts';
import type { Check } from '../suite/check.ts';
import { bearer, type Credentials, keyPair, NONE } from '../suite/credentials.ts';
import type { FuzzOptions } from '../suite/fuzz/checks.ts';
import type { SuiteCredentials } from '../suite/preflight.ts';
import { REPORTERS } from '../suite/reporters.ts';
import { readArguments, UsageError } from './arguments.ts';
import type { Context } from './command.ts';

/** The text of `gatehouse contract --help`. */
export const CONTRACT_USAGE = `Checks a server against the OpenAPI document of Gatehouse, over HTTP.

  gatehouse contract --base-url URL [--api servers|operator|accounts] [--read-only] [--include PATTERN …]
                     [--exclude PATTERN …] [--fuzz N] [--seed N] [--bail] [--header HEADER …]
                     [--reporter pretty|junit|json] [--output FILE]
  gatehouse contract --list [--api …] [--read-only] [--include PATTERN …] [--exclude PATTERN …]

  --base-url URL     the server, such as http://localhost:8080
  --api NAME         only this API; the default is all three
  --read-only        only checks that change nothing; also for a mock
  --include PATTERN  only checks whose name matches this regular expression, such as createMcpServer
  --exclude PATTERN  not the checks whose name matches it
  --list             prints the names of the checks, and asks no server
  --fuzz N           also sends N bodies to each operation, made from its schema, right ones and spoiled ones; their
                     names are made up too
  --seed N           makes other bodies (1); the same seed makes the same ones again
  --bail             ends after the first failure
  --header HEADER    'Name: value', sent with every request; the value is not shown
  --reporter NAME    pretty (a line for each check, and the failures at the end), junit (XML) or json
  --output FILE      writes the report to this file; standard output then has the pretty one
  --help             this text

Credentials come from the environment:

  GATEHOUSE_API_KEY, GATEHOUSE_API_SECRET
                   a key pair of an organization, for the Servers API
  GATEHOUSE_API_TOKEN
                   an API token of an organization, for the Accounts API
  GATEHOUSE_ADMIN_TOKEN
                   the operator token, for the Operator API; or GATEHOUSE_ADMIN_AUTH=none for a server with that setting
  GATEHOUSE_OTHER_API_KEY, GATEHOUSE_OTHER_API_SECRET, GATEHOUSE_OTHER_API_TOKEN
                   credentials of another organization, to check that neither sees the other

With the operator token, a run of all APIs creates organizations and the missing credentials. A run of one API needs
the credentials of that API, and skips checks that need another organization if it has no credentials for one. A check
is also skipped, with the reason, if the server does without something by its configuration.

A run gives everything it creates a name contract-…, and deletes it at the end. It grants an unreachable shared server
to every organization for a moment. Where a rate limit refuses a request, the run waits as long as the answer says.

In a clone, \`npm run -s contract -- …\` is the same. For example:

  gatehouse contract --base-url http://localhost:8080 --reporter junit --output report.xml

Exit status: 0 all checks passed, 1 a check failed, 2 wrong usage or credentials, 3 the server does not answer,
130 interrupted.
`;

export type ContractOptions = {
  /** Null if only the names of the checks are wanted. */
  readonly baseUrl: string | null;
  readonly apis: readonly Api[];
  readonly readOnly: boolean;
  readonly selected: (check: Check) => boolean;
  readonly fuzz: FuzzOptions | null;
  readonly bail: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly reporter: keyof typeof REPORTERS;
  /** Null for standard output. */
  readonly output: string | null;
};

/** Reads the arguments of `gatehouse contract`. Throws UsageError. */
export function parseContractArguments(args: readonly string[]): ContractOptions {
  const { values } = readArguments(args, {
    'base-url': { type: 'string' },
    api: { type: 'string' },
    'read-only': { type: 'boolean' },
    include: { type: 'string', multiple: true },
    exclude: { type: 'string', multiple: true },
    list: { type: 'boolean' },
    fuzz: { type: 'string' },
    seed: { type: 'string' },
    bail: { type: 'boolean' },
    header: { type: 'string', multiple: true },
    reporter: { type: 'string' },
    output: { type: 'string' },
  });
  const included = (values.include ?? []).map((text) => patternOf('--include', text));
  const excluded = (values.exclude ?? []).map((text) => patternOf('--exclude', text));
  return {
    baseUrl: values.list === true ? null : baseUrlOf(values['base-url']),
    apis: values.api === undefined ? APIS : [oneOf('--api', APIS, values.api)],
    readOnly: values['read-only'] === true,
    selected: ({ name }) =>
      (included.length === 0 || included.some((pattern) => pattern.test(name))) &&
      !excluded.some((pattern) => pattern.test(name)),
    fuzz:
      values.fuzz === undefined
        ? null
        : { runs: count('--fuzz', values.fuzz), seed: count('--seed', values.seed ?? '1') },
    bail: values.bail === true,
    headers: Object.fromEntries((values.header ?? []).map(headerOf)),
    reporter: oneOf('--reporter', Object.keys(REPORTERS) as (keyof typeof REPORTERS)[], values.reporter ?? 'pretty'),
    output: values.output ?? null,
  };
}

function count(flag: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new UsageError(`${flag}: must be a whole number from 1 to 999999999`);
  }
  return Number(text);
}

function patternOf(flag: string, text: string): RegExp {
  try {
    return new RegExp(text, 'i');
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`);
  }
}

function headerOf(text: string): [string, string] {
  const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*)$/.exec(text) ?? [];
  if (name === '') {
    throw new UsageError("--header: give it as 'Name: value'");
  }
  return [name, value];
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

/** Returns the credentials in the environment. Throws UsageError if credentials that the run needs are missing. */
export function suiteCredentials(
  env: Context['env'],
  { apis, readOnly }: Pick<ContractOptions, 'apis' | 'readOnly'>,
): SuiteCredentials {
  const operator = env.GATEHOUSE_ADMIN_AUTH === 'none' ? NONE : tokenOf(env, 'GATEHOUSE_ADMIN_TOKEN');
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
