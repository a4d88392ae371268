import { randomBytes } from 'node:crypto';
import { type Document, operationsOf } from '../contract/document.ts';
import type { Seen } from './answer-check.ts';
import { APIS, type Api } from './apis.ts';
import { type Answer, type Caller, type Connection, createCaller, type Made } from './caller.ts';
import type { Check, Context } from './check.ts';
import { ALL_CHECKS } from './checks/all.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import { bearer, type Credentials, keyPair, NONE } from './credentials.ts';
import { createDeployment } from './deployment.ts';
import { Failed } from './failed.ts';
import type { FuzzOptions } from './fuzz/checks.ts';
import { requireUsable, type SuiteCredentials } from './preflight.ts';
import { perform, type Result } from './result.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import { createValidation } from './validating-middleware.ts';

export type SuiteOptions = {
  readonly document: Document;
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly apis: readonly Api[];
  /** Only checks that change nothing. */
  readonly readOnly: boolean;
  readonly credentials: SuiteCredentials;
  /** Which checks run, of those for the APIs. */
  readonly selected: (check: Check) => boolean;
  /** Sends made-up bodies too; null for none. */
  readonly fuzz: FuzzOptions | null;
  /** Ends the run after the first failure; the created objects are still deleted. */
  readonly bail: boolean;
  /** Sent with every request; their values are not shown. */
  readonly headers: Readonly<Record<string, string>>;
  /** Called after each check. */
  readonly onResult: (result: Result) => void;
  /** Ends the run after the current check; the created objects are still deleted. */
  readonly signal: AbortSignal;
};

/** What a run has seen: every status of each operation, and how many of those that the document names. */
export type SuiteRun = { readonly seen: Seen; readonly coverage: Coverage };

/**
 * Checks a server, one check after another, and deletes the created objects. Throws `Unreachable` and
 * `CredentialsRefused` before the first check.
 */
export async function runSuite(options: SuiteOptions): Promise<SuiteRun> {
  const { document, baseUrl, apis, readOnly, credentials, headers, bail, onResult, signal } = options;
  const own = `contract-${randomBytes(4).toString('hex')}`;
  const secrets = secretsOf(own, credentials, headers);
  const made: Made[] = [];
  const validation = createValidation(document, baseUrl);
  const operations = operationsOf(document);
  const connection: Connection = {
    baseUrl,
    headers,
    operations,
    validation,
    secrets,
    onMade: (thing) => made.push(thing),
  };
  const as = (who: Credentials | null) => createCaller(connection, who ?? NONE);
  const name = (what: string) => `${own}-${what}`;
  const operator = as(credentials.operator);
  await requireUsable(as, baseUrl, apis, credentials);
  const deployment = createDeployment(operator, name);
  const ran = (): SuiteRun => ({ seen: validation.seen, coverage: coverageOf(operations, apis, validation.seen) });

  let { team, other, holder, otherHolder } = credentials;
  const context = (): Context => ({
    operations,
    name,
    team: as(team),
    other: other && as(other),
    holder: as(holder),
    otherHolder: otherHolder && as(otherHolder),
    operator,
    deployment,
    as,
  });
  const report = async (check: Check): Promise<boolean> => {
    const result = await perform(check, context(), secrets);
    onResult(result);
    return result.outcome !== 'fail';
  };
  const setUp = async () => {
    if (team === null || holder === null) {
      const made = await newOrganization(operator, name('team'));
      [team, holder] = [team ?? made.pair, holder ?? made.token];
    }
    if (other === null || otherHolder === null) {
      const made = await newOrganization(operator, name('other'));
      [other, otherHolder] = [other ?? made.pair, otherHolder ?? made.token];
    }
  };
  try {
    const mayMake = !readOnly && apis.length === APIS.length;
    if (
      mayMake &&
      !(await report({ ...SUITE, name: 'set-up: organizations with a key pair and an API token each', run: setUp }))
    ) {
      return ran();
    }
    for (const check of await checksFor(options)) {
      if (signal.aborted || (!(await report(check)) && bail)) {
        break;
      }
    }
  } finally {
    if (made.length > 0) {
      await report({ ...SUITE, name: 'clean-up: what was made is deleted', run: () => cleanUp(connection, made) });
    }
  }
  return ran();
}

const SUITE = { api: 'all', readOnly: false } as const;

type Selection = Pick<SuiteOptions, 'document' | 'apis' | 'readOnly' | 'selected' | 'fuzz'>;

/** The checks of a run, in the order in which they run. */
export async function checksFor({ document, apis, readOnly, selected, fuzz }: Selection): Promise<Check[]> {
  const made = fuzz === null ? [] : (await import('./fuzz/checks.ts')).fuzzChecks(document, fuzz);
  return [...ALL_CHECKS, ...made].filter((check) => isWanted(check, apis, readOnly) && selected(check));
}

const isWanted = (check: Check, apis: readonly Api[], readOnly: boolean): boolean =>
  (check.readOnly || !readOnly) && (check.api === 'all' ? APIS : [check.api]).every((api) => apis.includes(api));

function secretsOf(own: string, credentials: SuiteCredentials, headers: SuiteOptions['headers']): Secrets {
  const secrets = createSecrets(own);
  for (const { value, shown } of Object.values(credentials).flatMap((who) => Object.values(who ?? NONE))) {
    secrets.add(value.replace(/^Bearer /, ''), shown.replace(/^Bearer /, ''));
  }
  for (const value of Object.values(headers)) {
    secrets.add(value, '***');
  }
  return secrets;
}

/** Wrong answers are left to the checks, as long as they say what is needed. */
async function newOrganization(operator: Caller, name: string): Promise<{ pair: Credentials; token: Credentials }> {
  const { location, json } = await operator.attempt('createOrganization', { body: { name } });
  const org_id = location?.split('/').at(-1) ?? `${(json as { id?: string } | undefined)?.id}`;
  const pair = await operator.attempt('createApiKey', {
    path: { org_id },
    body: { name, permissions: ['servers', 'approvals'] },
  });
  const token = await operator.attempt('createApiToken', {
    path: { org_id },
    body: { name, permissions: ['accounts', 'approvals'] },
  });
  return {
    pair: keyPair(secretIn(pair, 'apiKey'), secretIn(pair, 'apiSecret')),
    token: bearer(secretIn(token, 'token'), '$NEW_TOKEN'),
  };
}

function secretIn({ json, status, text, request }: Answer, key: string): string {
  const secret = (json as Readonly<Record<string, unknown>> | undefined)?.[key];
  if (typeof secret !== 'string') {
    throw new Failed(key, `status ${status}: ${text}`, request);
  }
  return secret;
}

/**
 * Deletes what was made, the latest first: what is gone by then was deleted by a check, or with its organization. What
 * lies below another thing that was made goes with that.
 */
async function cleanUp(connection: Connection, made: readonly Made[]): Promise<void> {
  const failures: unknown[] = [];
  const known = new Set(made.flatMap(({ paths }) => paths));
  const isBelow = (path: string): boolean => known.has(path.split('/').slice(0, -2).join('/'));
  for (const { paths, by } of made.toReversed().filter((thing) => !thing.paths.some(isBelow))) {
    await remove(createCaller(connection, by), paths).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) {
    throw failures[0];
  }
}

/** Deletes the thing at one of these paths, unless it is gone. */
async function remove(by: Caller, paths: readonly string[]): Promise<void> {
  const refused: Failed[] = [];
  for (const path of paths) {
    const { status, text, request } = await by.remove(path);
    if (status < 300) {
      return;
    }
    if (![401, 404].includes(status)) {
      refused.push(new Failed(`${path} deleted`, `status ${status}: ${text}`, request));
    }
  }
  if (refused[0] !== undefined) {
    throw refused[0];
  }
}
