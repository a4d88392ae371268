import { readFileSync } from 'node:fs';
import { memoryBudgetHere, parseMemorySize } from './base/memory-size.ts';
import { suggestSimilar } from './base/suggest-similar.ts';
import { APPROVAL_POLICIES } from './contract/approval-policies.ts';
import type { ApprovalPolicy } from './contract/closed-words.ts';
import { parseEgressAllow } from './egress/egress.ts';
import type { StoreOptions } from './store/store.ts';
import type { Quotas } from './store/usage.ts';

/** A user of this machine, by number. */
export type ProcessUser = { readonly uid: number; readonly gid: number };

/** Everything that can be set, checked. Times are in the unit of their name. */
export type Config = {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end; null means where the server listens. */
  readonly publicUrl: string | null;
  /** Browser origins, or patterns of them. */
  readonly corsOrigins: readonly (string | RegExp)[];
  readonly dataDirectory: string;
  readonly databaseUrl: string | null;
  /** The first seals, all open; null means the generated key file. */
  readonly secretKeys: readonly Buffer[] | null;
  /** Where `secretKeys` come from, for messages. */
  readonly keySource: string;
  readonly adminToken: string | null;
  readonly adminAuth: 'required' | 'none';
  readonly firstCredentials: {
    readonly apiToken: string | null;
    readonly apiKey: string | null;
    readonly apiSecret: string | null;
  };
  /** The OpenID provider that people can sign in with; null means none. */
  readonly oidc: ProviderConfig | null;
  readonly rateLimitPerSecond: number | null;
  /** Connections of clients that one address may have; null means any number. */
  readonly connectionsPerAddress: number | null;
  readonly auditDays: number;
  /** Tool calls of an organization that are kept one by one, and daily totals of others; null for as many as there are. */
  readonly auditCalls: number | null;
  /** Whether the audit log holds the arguments of tool calls. */
  readonly auditArguments: boolean;
  /** Days for which expired endpoints can still be read. */
  readonly expiredDays: number;
  /** How much each organization may have. */
  readonly quotas: Quotas;
  /** What organizations' URLs may reach besides global addresses: CIDRs, addresses, host names. */
  readonly egressAllow: readonly string[];
  /** The user of this machine that runs local processes; null means the gateway's own. */
  readonly stdioUser: ProcessUser | null;
  /** The approval policy of integrations that are created without one; a looser one takes a permission. */
  readonly integrationPolicy: ApprovalPolicy;
  /** Seconds that people have for a decision about a call. */
  readonly approvalTimeoutSeconds: number;
  /** The most seconds that a client is held while its call waits for a person. */
  readonly approvalHoldSeconds: number;
  /** Whether changes of the operator's servers hold at once, or when the process starts. */
  readonly reload: 'live' | 'on-restart';
  readonly logLevel: string;
  /** Bytes of memory that may be held for others. */
  readonly memoryBudgetBytes: number;
};

/** The OpenID provider of people, and what this server is to it. */
export type ProviderConfig = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Separated by spaces. */
  readonly scopes: string;
};

/** Thrown with every mistake of the environment, one line each. */
export class ConfigError extends Error {}

/** The variables that hold secrets. Each can come from a file that `<name>_FILE` names. */
export const SECRET_VARIABLES = [
  'DATABASE_URL',
  'GATEHOUSE_SECRET_KEY',
  'GATEHOUSE_ADMIN_TOKEN',
  'GATEHOUSE_API_TOKEN',
  'GATEHOUSE_API_KEY',
  'GATEHOUSE_API_SECRET',
  'GATEHOUSE_OIDC_CLIENT_SECRET',
] as const;

const VARIABLES = [
  'GATEHOUSE_HOST',
  'GATEHOUSE_PORT',
  'GATEHOUSE_PUBLIC_URL',
  'GATEHOUSE_CORS_ORIGINS',
  'GATEHOUSE_DATA',
  'GATEHOUSE_SECRET_KEY',
  'GATEHOUSE_ADMIN_TOKEN',
  'GATEHOUSE_ADMIN_AUTH',
  'GATEHOUSE_API_TOKEN',
  'GATEHOUSE_API_KEY',
  'GATEHOUSE_API_SECRET',
  'GATEHOUSE_OIDC_ISSUER',
  'GATEHOUSE_OIDC_CLIENT_ID',
  'GATEHOUSE_OIDC_CLIENT_SECRET',
  'GATEHOUSE_OIDC_SCOPES',
  'GATEHOUSE_RATE_LIMIT',
  'GATEHOUSE_CONNECTIONS_PER_ADDRESS',
  'GATEHOUSE_AUDIT_DAYS',
  'GATEHOUSE_AUDIT_CALLS',
  'GATEHOUSE_AUDIT_ARGUMENTS',
  'GATEHOUSE_EXPIRED_DAYS',
  'GATEHOUSE_QUOTA_SERVERS',
  'GATEHOUSE_QUOTA_INTEGRATIONS',
  'GATEHOUSE_QUOTA_ACCOUNTS',
  'GATEHOUSE_QUOTA_ENDPOINTS',
  'GATEHOUSE_QUOTA_CREDENTIALS',
  'GATEHOUSE_QUOTA_TOOLS_MIB',
  'GATEHOUSE_EGRESS_ALLOW',
  'GATEHOUSE_STDIO_USER',
  'GATEHOUSE_INTEGRATION_POLICY',
  'GATEHOUSE_APPROVAL_TIMEOUT',
  'GATEHOUSE_APPROVAL_HOLD',
  'GATEHOUSE_RELOAD',
  'GATEHOUSE_LOG_LEVEL',
  'GATEHOUSE_MEMORY_BUDGET',
] as const;
type Variable = (typeof VARIABLES)[number] | 'DATABASE_URL';

const fileVariable = (name: string): string => `${name}_FILE`;
const KNOWN: readonly string[] = [...VARIABLES, ...SECRET_VARIABLES.map(fileVariable)];

const MIB = 1024 * 1024;
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;
/** Whether only this machine reaches what listens on the host. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
const WILDCARD = new Set(['0.0.0.0', '::']);

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with the secrets that files hold in the place of the files' names, and a line for each mistake. */
export function withSecretFiles(env: Environment): { env: Environment; mistakes: string[] } {
  const read: Record<string, string | undefined> = { ...env };
  const mistakes: string[] = [];
  for (const name of SECRET_VARIABLES) {
    const variable = fileVariable(name);
    const path = env[variable];
    if (path !== undefined && path !== '') {
      delete read[variable];
      if (env[name]) {
        mistakes.push(`${name} and ${variable}: set one of them`);
        continue;
      }
      try {
        read[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
        if (read[name] === '') {
          mistakes.push(`${variable}: the file ${path} is empty`);
        }
      } catch (error) {
        mistakes.push(`${variable}: the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
      }
    }
  }
  return { env: read, mistakes };
}

/** Reads the configuration from an environment. Throws a `ConfigError` that names all mistakes at once. */
export function parseConfig(given: Environment): Config {
  const { env, mistakes } = withSecretFiles(given);
  const injected = Object.keys(env).filter((name) => /^GATEHOUSE_(?:SERVICE_|PORT_\d)/.test(name));
  if (injected.length > 0) {
    throw new ConfigError(
      `${injected.join(', ')}: Kubernetes sets these for a Service called gatehouse; set enableServiceLinks: false in the pod`,
    );
  }
  const unknown = Object.keys(env).filter((name) => name.startsWith('GATEHOUSE_') && !KNOWN.includes(name));
  mistakes.push(...unknown.map((name) => `${name}: unknown variable${suggestSimilar(name, KNOWN)}`));

  /** The value read by `read`, or the fallback; what `read` throws is a mistake of this variable. */
  const value = <T>(name: Variable, fallback: T, read: (text: string) => T): T => {
    const text = env[name];
    if (text === undefined || text === '') {
      return fallback;
    }
    try {
      return read(text);
    } catch (error) {
      mistakes.push(`${name}: ${(error as Error).message}`);
      return fallback;
    }
  };

  const host = value('GATEHOUSE_HOST', '127.0.0.1', (text) => text.replaceAll(/^\[|\]$/g, ''));
  const port = value('GATEHOUSE_PORT', 8080, integer(0, 65535));
  const databaseUrl = value('DATABASE_URL', null, postgresUrl);
  const secretKeys = value('GATEHOUSE_SECRET_KEY', null, (text) => text.split(',').map(secretKey));
  const adminAuth = value('GATEHOUSE_ADMIN_AUTH', 'required' as const, oneOf('required', 'none'));
  const apiKey = value('GATEHOUSE_API_KEY', null, credential('sk_'));
  const apiSecret = value('GATEHOUSE_API_SECRET', null, credential('s3cr3t_'));
  const publicUrl = value('GATEHOUSE_PUBLIC_URL', null, httpUrl);
  const oidc = {
    issuer: value('GATEHOUSE_OIDC_ISSUER', '', issuerUrl),
    clientId: value('GATEHOUSE_OIDC_CLIENT_ID', '', String),
    clientSecret: value('GATEHOUSE_OIDC_CLIENT_SECRET', '', String),
    scopes: value('GATEHOUSE_OIDC_SCOPES', 'openid profile email', scopes),
  };
  const config: Config = {
    host,
    port,
    publicUrl,
    corsOrigins: value('GATEHOUSE_CORS_ORIGINS', [], (text) => text.split(',').map(origin)),
    dataDirectory: value('GATEHOUSE_DATA', './data', String),
    databaseUrl,
    secretKeys,
    keySource: given.GATEHOUSE_SECRET_KEY_FILE ? `the file ${given.GATEHOUSE_SECRET_KEY_FILE}` : 'GATEHOUSE_SECRET_KEY',
    adminToken: value('GATEHOUSE_ADMIN_TOKEN', null, credential('')),
    adminAuth,
    firstCredentials: { apiToken: value('GATEHOUSE_API_TOKEN', null, credential('')), apiKey, apiSecret },
    oidc: oidc.issuer === '' ? null : oidc,
    rateLimitPerSecond: value('GATEHOUSE_RATE_LIMIT', null, integer(1, 1_000_000)),
    connectionsPerAddress: value('GATEHOUSE_CONNECTIONS_PER_ADDRESS', null, integer(1, 1_000_000)),
    auditDays: value('GATEHOUSE_AUDIT_DAYS', 90, integer(1, 36_500)),
    auditCalls: value('GATEHOUSE_AUDIT_CALLS', 1_000_000, quota),
    auditArguments: value('GATEHOUSE_AUDIT_ARGUMENTS', 'false', oneOf('true', 'false')) === 'true',
    expiredDays: value('GATEHOUSE_EXPIRED_DAYS', 30, integer(1, 36_500)),
    quotas: {
      servers: value('GATEHOUSE_QUOTA_SERVERS', 1000, quota),
      integrations: value('GATEHOUSE_QUOTA_INTEGRATIONS', 200, quota),
      accounts: value('GATEHOUSE_QUOTA_ACCOUNTS', 10_000, quota),
      endpoints: value('GATEHOUSE_QUOTA_ENDPOINTS', 100_000, quota),
      credentials: value('GATEHOUSE_QUOTA_CREDENTIALS', 1000, quota),
      tool_bytes: value('GATEHOUSE_QUOTA_TOOLS_MIB', 256 * MIB, mebibytes),
    },
    egressAllow: value('GATEHOUSE_EGRESS_ALLOW', [], parseEgressAllow),
    stdioUser: value('GATEHOUSE_STDIO_USER', null, processUser),
    integrationPolicy: value('GATEHOUSE_INTEGRATION_POLICY', 'auto_approve_all', oneOf(...APPROVAL_POLICIES)),
    approvalTimeoutSeconds: value('GATEHOUSE_APPROVAL_TIMEOUT', 300, integer(1, 86_400)),
    approvalHoldSeconds: value('GATEHOUSE_APPROVAL_HOLD', 45, integer(0, 3600)),
    reload: value('GATEHOUSE_RELOAD', 'live' as const, oneOf('live', 'on-restart')),
    logLevel: value('GATEHOUSE_LOG_LEVEL', 'info', oneOf(...LEVELS)),
    memoryBudgetBytes: value('GATEHOUSE_MEMORY_BUDGET', memoryBudgetHere(), parseMemorySize),
  };
  if (WILDCARD.has(host) && publicUrl === null) {
    mistakes.push(`GATEHOUSE_PUBLIC_URL: required when GATEHOUSE_HOST is ${host}: set it to the URL for clients`);
  }
  if (adminAuth === 'none' && !isLoopback(host)) {
    mistakes.push(`GATEHOUSE_ADMIN_AUTH: none requires a loopback GATEHOUSE_HOST, not ${host}`);
  }
  if (databaseUrl !== null && secretKeys === null && !env.GATEHOUSE_SECRET_KEY) {
    mistakes.push(
      'GATEHOUSE_SECRET_KEY: required with DATABASE_URL: 32 bytes in base64, such as `openssl rand -base64 32`',
    );
  }
  if ((apiKey === null) !== (apiSecret === null) && !env.GATEHOUSE_API_KEY !== !env.GATEHOUSE_API_SECRET) {
    mistakes.push('GATEHOUSE_API_KEY and GATEHOUSE_API_SECRET: set both or neither');
  }
  const named = (['ISSUER', 'CLIENT_ID', 'CLIENT_SECRET'] as const).map((name) => `GATEHOUSE_OIDC_${name}` as const);
  const set = named.filter((name) => env[name]);
  if (set.length > 0 && set.length < named.length) {
    mistakes.push(`${named.join(', ')}: set all of them or none`);
  }
  if (mistakes.length > 0) {
    throw new ConfigError(mistakes.join('\n'));
  }
  return Object.freeze(config);
}

/** Where the data is. */
export const locationOf = ({ databaseUrl, dataDirectory }: Config): StoreOptions['location'] =>
  databaseUrl === null ? { kind: 'file', directory: dataDirectory } : { kind: 'postgres', url: databaseUrl };

const integer = (least: number, most: number) => (text: string) => {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new Error(`must be a whole number from ${least} to ${most}`);
  }
  return number;
};

/** `uid` or `uid:gid`; the group has the user's number unless it is given. */
function processUser(text: string): ProcessUser {
  const [, uid, gid = uid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  const user = { uid: Number(uid), gid: Number(gid) };
  // The largest number is no user: setuid(2) takes it for "leave it as it is".
  if (!(user.uid > 0 && user.gid > 0 && Math.max(user.uid, user.gid) < 2 ** 32 - 1)) {
    throw new Error('must be uid or uid:gid in numbers, such as 1001:1001, and neither can be 0 (root)');
  }
  return user;
}

/** How many of something an organization may have; 0 says as many as it likes, which is null. */
const quota = (text: string): number | null => integer(0, 1_000_000_000)(text) || null;

/** The same in bytes. */
const mebibytes = (text: string): number | null => (integer(0, 1_000_000)(text) || null) && Number(text) * MIB;

const oneOf =
  <const T extends string>(...values: readonly T[]) =>
  (text: string): T => {
    if (!(values as readonly string[]).includes(text)) {
      throw new Error(`must be one of ${values.join(', ')}`);
    }
    return text as T;
  };

const credential = (prefix: string) => (text: string) => {
  if (text.length < 32 || !text.startsWith(prefix) || !/^[\x21-\x7e]+$/.test(text)) {
    const start = prefix === '' ? '' : `, beginning with ${prefix}`;
    throw new Error(`must have 32 characters or more${start}, none of them a space`);
  }
  return text;
};

/** The issuer of an OpenID provider, as it names itself. */
function issuerUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain = url !== null && url.search === '' && url.hash === '' && url.username === '';
  if (!isPlain || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))) {
    throw new Error('must be an https URL without credentials, query or fragment; http only on this machine');
  }
  return text;
}

/** Scopes of OAuth, separated by single spaces (RFC 6749, section 3.3). */
function scopes(text: string): string {
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(text) || !text.split(' ').includes('openid')) {
    throw new Error('must be scopes separated by spaces, openid among them');
  }
  return text;
}

function secretKey(text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== 32) {
    throw new Error('each key must be 32 bytes in base64, such as `openssl rand -base64 32` prints');
  }
  return key;
}

/** An http or https URL without a slash at the end. Throws with the end of a sentence for what is none, or holds more. */
export function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Error('must be an http or https URL without credentials, query or fragment');
  }
  return url.href.replace(/\/+$/, '');
}

function origin(text: string): string {
  const url = URL.parse(text.trim());
  if (url === null || url.origin === 'null' || url.origin !== text.trim()) {
    throw new Error(
      `each must be an origin such as https://app.example.com, and ${JSON.stringify(text.trim())} is not`,
    );
  }
  return url.origin;
}

function postgresUrl(text: string): string {
  if (!/^postgres(?:ql)?:\/\//.test(text) || URL.parse(text) === null) {
    throw new Error('must be a postgres:// URL');
  }
  return text;
}
