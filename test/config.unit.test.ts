import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { memoryBudgetHere } from '../src/base/memory-size.ts';
import { ConfigError, parseConfig } from '../src/config.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const mistakes = (env: Record<string, string>): string[] => {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.split('\n');
  }
};

test('nothing set: closed, local, SQLite', () => {
  expect(parseConfig({ PATH: '/bin' })).toEqual({
    host: '127.0.0.1',
    port: 8080,
    publicUrl: null,
    corsOrigins: [],
    dataDirectory: './data',
    databaseUrl: null,
    secretKeys: null,
    keySource: 'GATEHOUSE_SECRET_KEY',
    adminToken: null,
    adminAuth: 'required',
    firstCredentials: { apiToken: null, apiKey: null, apiSecret: null },
    oidc: null,
    rateLimitPerSecond: null,
    connectionsPerAddress: null,
    auditDays: 90,
    auditCalls: 1_000_000,
    auditArguments: false,
    expiredDays: 30,
    quotas: {
      servers: 1000,
      integrations: 200,
      accounts: 10_000,
      endpoints: 100_000,
      credentials: 1000,
      tool_bytes: 256 * 1024 * 1024,
    },
    egressAllow: [],
    stdioUser: null,
    integrationPolicy: 'auto_approve_all',
    approvalTimeoutSeconds: 300,
    approvalHoldSeconds: 45,
    reload: 'live',
    logLevel: 'info',
    memoryBudgetBytes: memoryBudgetHere(),
  });
});

test('everything set', () => {
  const config = parseConfig({
    GATEHOUSE_HOST: '::',
    GATEHOUSE_PORT: '443',
    GATEHOUSE_PUBLIC_URL: 'https://mcp.example.com/gateway/',
    GATEHOUSE_CORS_ORIGINS: 'https://a.example.com, http://localhost:5173',
    DATABASE_URL: 'postgres://u:p@localhost/gatehouse',
    GATEHOUSE_SECRET_KEY: `${KEY},${Buffer.alloc(32, 8).toString('base64')}`,
    GATEHOUSE_ADMIN_TOKEN: 'x'.repeat(32),
    GATEHOUSE_API_KEY: `sk_${'x'.repeat(32)}`,
    GATEHOUSE_API_SECRET: `s3cr3t_${'x'.repeat(32)}`,
    GATEHOUSE_API_TOKEN: 'y'.repeat(32),
    GATEHOUSE_OIDC_ISSUER: 'https://login.example.com/realms/acme',
    GATEHOUSE_OIDC_CLIENT_ID: 'gatehouse',
    GATEHOUSE_OIDC_CLIENT_SECRET: 'hush',
    GATEHOUSE_RATE_LIMIT: '50',
    GATEHOUSE_AUDIT_DAYS: '7',
    GATEHOUSE_AUDIT_CALLS: '0',
    GATEHOUSE_AUDIT_ARGUMENTS: 'true',
    GATEHOUSE_QUOTA_SERVERS: '5',
    GATEHOUSE_QUOTA_ENDPOINTS: '0',
    GATEHOUSE_QUOTA_TOOLS_MIB: '2',
    GATEHOUSE_RELOAD: 'on-restart',
    GATEHOUSE_LOG_LEVEL: 'trace',
  });
  expect(config).toMatchObject({
    publicUrl: 'https://mcp.example.com/gateway',
    corsOrigins: ['https://a.example.com', 'http://localhost:5173'],
    secretKeys: [Buffer.alloc(32, 7), Buffer.alloc(32, 8)],
    oidc: {
      issuer: 'https://login.example.com/realms/acme',
      clientId: 'gatehouse',
      clientSecret: 'hush',
      scopes: 'openid profile email',
    },
    rateLimitPerSecond: 50,
    auditCalls: null,
    auditArguments: true,
    quotas: { servers: 5, integrations: 200, endpoints: null, tool_bytes: 2 * 1024 * 1024 },
  });
});

const OIDC = {
  GATEHOUSE_OIDC_ISSUER: 'http://localhost:9000',
  GATEHOUSE_OIDC_CLIENT_ID: 'gatehouse',
  GATEHOUSE_OIDC_CLIENT_SECRET: 'hush',
};

test.each([
  [{ GATEHOUSE_PROT: '1' }, 'GATEHOUSE_PROT: unknown variable: did you mean `GATEHOUSE_PORT`?'],
  [{ GATEHOUSE_SOMETHING_ELSE: '1' }, 'GATEHOUSE_SOMETHING_ELSE: unknown variable'],
  [{ GATEHOUSE_PORT: '80a' }, 'GATEHOUSE_PORT: must be a whole number from 0 to 65535'],
  [{ GATEHOUSE_PORT: '65536' }, 'GATEHOUSE_PORT: must be a whole number from 0 to 65535'],
  [{ GATEHOUSE_PUBLIC_URL: 'mcp.example.com' }, 'GATEHOUSE_PUBLIC_URL: must be an http or https URL'],
  [{ GATEHOUSE_CORS_ORIGINS: 'https://a.example.com/path' }, 'GATEHOUSE_CORS_ORIGINS: each must be an origin'],
  [{ GATEHOUSE_CORS_ORIGINS: '*' }, 'GATEHOUSE_CORS_ORIGINS: each must be an origin'],
  [{ DATABASE_URL: 'mysql://x/y', GATEHOUSE_SECRET_KEY: KEY }, 'DATABASE_URL: must be a postgres:// URL'],
  [{ DATABASE_URL: 'postgres://x/y' }, 'GATEHOUSE_SECRET_KEY: required with DATABASE_URL'],
  [{ GATEHOUSE_SECRET_KEY: 'c2hvcnQ=' }, 'GATEHOUSE_SECRET_KEY: each key must be 32 bytes in base64'],
  [{ GATEHOUSE_ADMIN_TOKEN: 'short' }, 'GATEHOUSE_ADMIN_TOKEN: must have 32 characters or more'],
  [{ GATEHOUSE_ADMIN_AUTH: 'off' }, 'GATEHOUSE_ADMIN_AUTH: must be one of required, none'],
  [
    { GATEHOUSE_ADMIN_AUTH: 'none', GATEHOUSE_HOST: '10.0.0.1' },
    'GATEHOUSE_ADMIN_AUTH: none requires a loopback GATEHOUSE_HOST, not 10.0.0.1',
  ],
  [{ GATEHOUSE_HOST: '0.0.0.0' }, 'GATEHOUSE_PUBLIC_URL: required when GATEHOUSE_HOST is 0.0.0.0'],
  [
    { GATEHOUSE_API_KEY: 'x'.repeat(40), GATEHOUSE_API_SECRET: 's3cr3t_'.padEnd(40, 'x') },
    'GATEHOUSE_API_KEY: must have',
  ],
  [{ GATEHOUSE_API_KEY: `sk_${'x'.repeat(32)}` }, 'GATEHOUSE_API_KEY and GATEHOUSE_API_SECRET: set both or neither'],
  [
    { GATEHOUSE_OIDC_ISSUER: 'https://login.example.com', GATEHOUSE_OIDC_CLIENT_ID: 'x' },
    'GATEHOUSE_OIDC_ISSUER, GATEHOUSE_OIDC_CLIENT_ID, GATEHOUSE_OIDC_CLIENT_SECRET: set all of them or none',
  ],
  [{ ...OIDC, GATEHOUSE_OIDC_ISSUER: 'http://login.example.com' }, 'GATEHOUSE_OIDC_ISSUER: must be an https URL'],
  [{ ...OIDC, GATEHOUSE_OIDC_ISSUER: 'https://login.example.com/?x' }, 'GATEHOUSE_OIDC_ISSUER: must be an https URL'],
  [{ ...OIDC, GATEHOUSE_OIDC_SCOPES: 'profile email' }, 'GATEHOUSE_OIDC_SCOPES: must be scopes separated by spaces'],
  [{ ...OIDC, GATEHOUSE_OIDC_SCOPES: 'openid  email' }, 'GATEHOUSE_OIDC_SCOPES: must be scopes separated by spaces'],
  [{ GATEHOUSE_MEMORY_BUDGET: '192' }, 'GATEHOUSE_MEMORY_BUDGET: must be a size from 16MiB to 64GiB'],
  [{ GATEHOUSE_RATE_LIMIT: '0' }, 'GATEHOUSE_RATE_LIMIT: must be a whole number from 1'],
  [{ GATEHOUSE_PORT: 'tcp://10.0.0.1:80', GATEHOUSE_SERVICE_HOST: '10.0.0.1' }, 'enableServiceLinks: false'],
  [{ GATEHOUSE_QUOTA_SERVERS: '-1' }, 'GATEHOUSE_QUOTA_SERVERS: must be a whole number from 0 to 1000000000'],
  [{ GATEHOUSE_QUOTA_TOOLS_MIB: '1.5' }, 'GATEHOUSE_QUOTA_TOOLS_MIB: must be a whole number from 0 to 1000000'],
  [
    { GATEHOUSE_QUOTA_SERVER: '5' },
    'GATEHOUSE_QUOTA_SERVER: unknown variable: did you mean `GATEHOUSE_QUOTA_SERVERS`?',
  ],
  [{ GATEHOUSE_AUDIT_ARGUMENTS: 'yes' }, 'GATEHOUSE_AUDIT_ARGUMENTS: must be one of true, false'],
  [{ GATEHOUSE_EGRESS_ALLOW: '10.0.0.1/8' }, 'GATEHOUSE_EGRESS_ALLOW: '],
  [{ GATEHOUSE_STDIO_USER: '0' }, 'GATEHOUSE_STDIO_USER: must be uid or uid:gid'],
  [{ GATEHOUSE_STDIO_USER: '1000:0' }, 'GATEHOUSE_STDIO_USER: must be uid or uid:gid'],
  [{ GATEHOUSE_STDIO_USER: 'nobody' }, 'GATEHOUSE_STDIO_USER: must be uid or uid:gid'],
  [{ GATEHOUSE_STDIO_USER: '4294967295' }, 'GATEHOUSE_STDIO_USER: must be uid or uid:gid'],
  [{ GATEHOUSE_PORT_FILE: '/x' }, 'GATEHOUSE_PORT_FILE: unknown variable'],
  [{ GATEHOUSE_LOG_LEVEL: 'loud' }, 'GATEHOUSE_LOG_LEVEL: must be one of fatal, error'],
])('%j', (env, message) => {
  const [only, ...more] = mistakes(env);
  expect(only).toContain(message);
  expect(more).toEqual([]);
});

test.each([
  'GATEHOUSE_QUOTA_SERVERS',
  'GATEHOUSE_QUOTA_INTEGRATIONS',
  'GATEHOUSE_QUOTA_ACCOUNTS',
  'GATEHOUSE_QUOTA_ENDPOINTS',
  'GATEHOUSE_QUOTA_CREDENTIALS',
  'GATEHOUSE_QUOTA_TOOLS_MIB',
])('%s=0 lifts one quota', (name) => {
  const { quotas } = parseConfig({ [name]: '0' });
  expect(Object.values(quotas).filter((limit) => limit === null)).toHaveLength(1);
});

test('all mistakes at once, without the values of secrets', () => {
  const all = mistakes({
    GATEHOUSE_PORT: 'x',
    GATEHOUSE_ADMIN_TOKEN: 'hush',
    GATEHOUSE_SECRET_KEY: 'hush2',
    GATEHOUSE_X: '',
  });
  expect(all.map((line) => line.split(':')[0]).toSorted()).toEqual([
    'GATEHOUSE_ADMIN_TOKEN',
    'GATEHOUSE_PORT',
    'GATEHOUSE_SECRET_KEY',
    'GATEHOUSE_X',
  ]);
  expect(all.join()).not.toContain('hush');
});

test('the user of local processes: a number, with a group or without', () => {
  expect(parseConfig({ GATEHOUSE_STDIO_USER: '1001' }).stdioUser).toEqual({ uid: 1001, gid: 1001 });
  expect(parseConfig({ GATEHOUSE_STDIO_USER: '1001:1002' }).stdioUser).toEqual({ uid: 1001, gid: 1002 });
});

describe('secrets from files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('every secret, without the end of the line', () => {
    const config = parseConfig({
      DATABASE_URL_FILE: file('url', 'postgres://u:p@localhost/gatehouse\n'),
      GATEHOUSE_SECRET_KEY_FILE: file('secret', `${KEY}\r\n`),
      GATEHOUSE_ADMIN_TOKEN_FILE: file('admin', 'x'.repeat(32)),
      GATEHOUSE_API_TOKEN_FILE: file('token', 'y'.repeat(32)),
      GATEHOUSE_API_KEY_FILE: file('key', `sk_${'k'.repeat(32)}`),
      GATEHOUSE_API_SECRET_FILE: file('pair', `s3cr3t_${'s'.repeat(32)}`),
    });
    expect(config).toMatchObject({
      databaseUrl: 'postgres://u:p@localhost/gatehouse',
      secretKeys: [Buffer.alloc(32, 7)],
      adminToken: 'x'.repeat(32),
      firstCredentials: {
        apiToken: 'y'.repeat(32),
        apiKey: `sk_${'k'.repeat(32)}`,
        apiSecret: `s3cr3t_${'s'.repeat(32)}`,
      },
    });
  });

  test.each([
    [
      { GATEHOUSE_ADMIN_TOKEN: 'x'.repeat(32), GATEHOUSE_ADMIN_TOKEN_FILE: '/none' },
      'GATEHOUSE_ADMIN_TOKEN and GATEHOUSE_ADMIN_TOKEN_FILE: set one of them',
    ],
    [
      { GATEHOUSE_ADMIN_TOKEN_FILE: join(folder, 'none') },
      `GATEHOUSE_ADMIN_TOKEN_FILE: the file ${join(folder, 'none')} cannot be read (ENOENT)`,
    ],
    [{ GATEHOUSE_ADMIN_TOKEN_FILE: folder }, `GATEHOUSE_ADMIN_TOKEN_FILE: the file ${folder} cannot be read (EISDIR)`],
    [{ GATEHOUSE_ADMIN_TOKEN_FILE: file('empty', '\n') }, 'empty is empty'],
    [{ GATEHOUSE_ADMIN_TOKEN_FILE: file('short', 'hush') }, 'GATEHOUSE_ADMIN_TOKEN: must have 32 characters or more'],
  ])('%j is a mistake', (env, message) => {
    const [only, ...more] = mistakes(env as Record<string, string>);
    expect(only).toContain(message);
    expect(only).not.toContain('hush');
    expect(more).toEqual([]);
  });
});
