import { sharedServer } from '../audit/wire.ts';
import { type InvalidValue, invalid } from '../base/errors.ts';
import { FORMATS } from '../contract/formats.ts';
import { type Connectable, idleTimeoutMsOf, remoteTarget, SCHEMES_BY_TRANSPORT } from '../runtime/connectable.ts';
import type { ProcessTarget, RemoteTarget } from '../runtime/target.ts';
import { type Secret, secretsIn, secretsOfArguments } from '../runtime/target-secrets.ts';
import { textsOf, withTexts } from '../shared-config/config-texts.ts';
import type { Machine, Programs } from '../shared-config/machine.ts';
import { expand, isRefused, valueOfVariable, variablesIn } from '../shared-config/variables.ts';
import * as sharedServers from '../store/shared-servers.ts';

type SharedServer = sharedServers.SharedServer;
type Config = sharedServers.McpServerConfig;

/** The parts of a shared server that its connection depends on. */
type Configured = Pick<SharedServer, 'id' | 'slug' | 'version' | 'mcpServer'>;

/** A shared server with its variables replaced. */
export type ResolvedSharedServer = {
  /** Null if there are mistakes or missing variables. */
  readonly connectable: Connectable | null;
  /** The mistakes that no environment can correct, with paths such as `mcpServer`, `url`. */
  readonly mistakes: readonly InvalidValue[];
  /** The variables that the environment lacks, each once, sorted. */
  readonly missing: readonly string[];
};

/**
 * Replaces the variables in the configuration of a server, and checks the result, without contacting anything. With a
 * null `machine`, nothing of this machine may be used.
 */
export function resolveSharedServer(server: Configured, machine: Machine): ResolvedSharedServer {
  const { mcpServer: config } = server;
  const { variables: environment } = machine;
  const texts = textsOf(config);
  const names = [...new Set(texts.flatMap(([, text]) => variablesIn(text)))];
  const missing = names.filter((name) => valueOfVariable(name, environment) === undefined).toSorted();
  const expanded = withTexts(config, (text) => expand(text, environment));
  const lacks = lacking(expanded);
  const mistakes = [...refusedVariables(texts), ...lacks];
  if (lacks.length === 0) {
    const isKnown = (text: string) => !variablesIn(text).some((name) => missing.includes(name));
    mistakes.push(
      ...(config.transport === 'stdio'
        ? processMistakes(expanded)
        : remoteMistakes(config.transport, expanded, isKnown)),
    );
  }
  if (mistakes.length > 0 || missing.length > 0) {
    return { connectable: null, mistakes, missing };
  }
  const given = names.map((name) => ({ name, value: valueOfVariable(name, environment) ?? '' }));
  return { connectable: connectableOf(server, expanded, machine, given), mistakes: [], missing };
}

/** Describes why a server cannot be connected; empty if it can. */
export function describeUnusable({ mistakes, missing }: ResolvedSharedServer): string {
  const reasons = mistakes.map(({ path, message }) => `${path.join('.')} ${message}`);
  return [...(missing.length > 0 ? [lacks(missing)] : []), ...reasons].join('; ');
}

/** Describes the missing variables. */
const lacks = (missing: readonly string[]): string =>
  `the gateway has no variable${missing.length === 1 ? '' : 's'} ${missing.join(', ')}`;

/** Throws `validation_failed` for mistakes that no environment can correct. */
export function requireUsable(server: Pick<SharedServer, 'mcpServer'>, machine: Machine): void {
  const { mistakes } = resolveSharedServer({ id: '', slug: '', version: 0, ...server }, machine);
  if (mistakes.length > 0) {
    throw invalid(mistakes);
  }
}

/** Returns the maximum time for the start of a server, in milliseconds. */
export const timeoutOf = ({ mcpServer }: SharedServer, most: number): number =>
  Math.min((mcpServer.timeoutSeconds ?? Number.POSITIVE_INFINITY) * 1000, most);

function refusedVariables(texts: readonly [path: string[], text: string][]): InvalidValue[] {
  return texts.flatMap(([path, text]) =>
    variablesIn(text)
      .filter(isRefused)
      .map((name) => ({
        path: ['mcpServer', ...path],
        message: `the variable \${${name}} is the gateway's own and is given to nobody; name another one`,
        rule: 'variable',
      })),
  );
}

/** Finds a missing setting that the transport requires, whatever the variables contain. */
function lacking({ transport, url, command }: Config): InvalidValue[] {
  const [key, value] = transport === 'stdio' ? ['command', command] : ['url', url];
  return (value ?? '').trim() === ''
    ? [{ path: ['mcpServer', key], message: `is required for the transport ${transport}`, rule: 'required' }]
    : [];
}

function processMistakes({ encoding }: Config): InvalidValue[] {
  try {
    new TextDecoder(encoding ?? 'utf-8');
    return [];
  } catch {
    const message = 'is no encoding; use a label of the WHATWG Encoding standard, such as utf-8 or windows-1252';
    return [{ path: ['mcpServer', 'encoding'], message, rule: 'encoding' }];
  }
}

/** Texts with missing variables are not checked. */
function remoteMistakes(
  transport: RemoteTarget['transport'],
  { url, headers }: Config,
  isKnown: (text: string) => boolean,
): InvalidValue[] {
  const format = FORMATS['request-header-value'];
  const values = Object.entries(headers)
    .filter(([, value]) => isKnown(value) && format?.validate(value) === false)
    .map(([name]) => ({
      path: ['mcpServer', 'headers', name],
      message: format?.message ?? '',
      rule: 'format',
    }));
  return [...(isKnown(url ?? '') ? urlMistakes(transport, url ?? '') : []), ...values];
}

function urlMistakes(transport: RemoteTarget['transport'], url: string): InvalidValue[] {
  const path = ['mcpServer', 'url'];
  if (FORMATS['server-url']?.validate(url) !== true) {
    const message = 'must be an absolute http, https, ws or wss URL without credentials (send those as headers)';
    return [{ path, message, rule: 'format' }];
  }
  const schemes = SCHEMES_BY_TRANSPORT[transport];
  if (schemes.includes(new URL(url).protocol)) {
    return [];
  }
  const wanted = schemes.map((scheme) => scheme.slice(0, -1)).join(', ');
  return [{ path, message: `the transport ${transport} takes ${wanted} URLs only`, rule: 'scheme' }];
}

const connectableOf = (
  { id, slug, version }: Configured,
  config: Config,
  machine: Machine,
  variables: readonly Secret[],
): Connectable => ({
  id,
  version,
  name: slug,
  organizationId: null,
  auditTarget: sharedServer(id),
  target:
    config.transport === 'stdio'
      ? processTarget(slug, config, machine, variables)
      : sharedRemoteTarget(config.transport, slug, config, variables),
  isStored: async (db) => (await sharedServers.find(db, id)) !== null,
});

function sharedRemoteTarget(
  transport: RemoteTarget['transport'],
  name: string,
  config: Config,
  variables: readonly Secret[],
): RemoteTarget {
  const { url, headers, sseReadTimeoutSeconds, terminateOnClose } = config;
  const target = remoteTarget(transport, name, url ?? '', headers);
  return {
    ...target,
    secrets: [...target.secrets, ...variables],
    isShared: true,
    idleTimeoutMs: idleTimeoutMsOf(config.timeoutSeconds),
    streamIdleTimeoutMs: (sseReadTimeoutSeconds ?? 0) * 1000,
    endsSession: terminateOnClose ?? true,
  };
}

/**
 * The variables of the gateway that a process inherits: those that programs need to run and to download what they run, and
 * no secret.
 */
const INHERITED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|SYSTEMDRIVE|APPDATA|LOCALAPPDATA|USERPROFILE|PROGRAMFILES|PATHEXT|COMSPEC|HTTPS?_PROXY|NO_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|npm_config_(?:registry|cache))$/i;
/** Those that may hold a URL with a password, which others must not read. */
const URLS = /^(?:HTTPS?_PROXY|NO_PROXY|npm_config_registry)$/i;

type Environment = Readonly<Record<string, string | undefined>>;

const isInherited = ([name, value]: [string, string | undefined]): boolean =>
  INHERITED.test(name) && !hasPassword([name, value]);
const hasPassword = ([name, value]: [string, string | undefined]): boolean =>
  URLS.test(name) && value?.includes('@') === true;

/** Returns the names of variables that local processes would inherit if their URLs held no password. */
export const variablesWithPassword = (environment: Environment): string[] =>
  Object.entries(environment)
    .filter(hasPassword)
    .map(([name]) => name);

function processTarget(name: string, config: Config, machine: Machine, variables: readonly Secret[]): ProcessTarget {
  const { variables: environment, stdioUser: user, programs } = machine;
  const { env, cwd, encoding, encodingErrorHandler } = config;
  const inherited = Object.entries(environment).filter(isInherited);
  return {
    transport: 'stdio',
    name,
    idleTimeoutMs: idleTimeoutMsOf(config.timeoutSeconds),
    ...(programs === null ? { command: config.command ?? '', args: config.args } : programOf(config, programs)),
    env: { ...(Object.fromEntries(inherited) as Record<string, string>), ...env },
    secrets: [...secretsIn(env), ...secretsOfArguments(config.args), ...variables],
    isShared: true,
    cwd,
    user,
    encoding: encoding ?? 'utf-8',
    undecodable: encodingErrorHandler ?? 'strict',
  };
}

/** One of the programs that may be started, exactly as it is; arguments, folders and variables could make another of it. */
function programOf({ command, args, env, cwd }: Config, programs: Programs) {
  const name = command ?? '';
  const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
  if (program === undefined || args.length > 0 || cwd !== null || Object.keys(env).length > 0) {
    const names = Object.keys(programs).join(', ');
    return { command: name, args, refusal: `this gateway starts only ${names}, without args, env and cwd` };
  }
  return { command: program.file, args: program.args };
}
