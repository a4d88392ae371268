import type { OperationId } from '../contract/operations.ts';
import type { Api } from './apis.ts';
import type { Answer, Caller } from './caller.ts';
import { type Credentials, NONE } from './credentials.ts';
import { Failed } from './failed.ts';
import type { Sent } from './questions.ts';

/** The server does not answer at the base URL, or is not a Gatehouse; the message gives the reason. */
export class Unreachable extends Error {}

/** The server refuses credentials that the run was given; the message names them. */
export class CredentialsRefused extends Error {}

/** Null if there are none. */
export type SuiteCredentials = {
  readonly team: Credentials | null;
  readonly other: Credentials | null;
  readonly holder: Credentials | null;
  readonly otherHolder: Credentials | null;
  /** Without a header for a server that lets everybody be the operator. */
  readonly operator: Credentials | null;
};

/** What everybody with the credentials of an API may read. */
const READABLE: Readonly<Record<Api, readonly [OperationId, Sent]>> = {
  servers: ['listMcpServers', { query: { limit: 1 } }],
  accounts: ['listAccounts', { query: { limit: 1 } }],
  operator: ['listOrganizations', {}],
};

const API_OF: Readonly<Record<keyof SuiteCredentials, Api>> = {
  team: 'servers',
  other: 'servers',
  holder: 'accounts',
  otherHolder: 'accounts',
  operator: 'operator',
};

/**
 * Asks once with each of the credentials, before any check: one line about a wrong token says more than a hundred failed
 * checks. Throws `Unreachable` and `CredentialsRefused`.
 */
export async function requireUsable(
  as: (who: Credentials) => Caller,
  baseUrl: string,
  apis: readonly Api[],
  credentials: SuiteCredentials,
): Promise<void> {
  const ask = async (who: Credentials, api: Api): Promise<Answer> => {
    try {
      return await as(who).attempt(...READABLE[api]);
    } catch (error) {
      throw error instanceof Failed
        ? new Unreachable(`${baseUrl} does not answer: ${error.came}. Is it running?`)
        : error;
    }
  };
  const first = await ask(NONE, apis[0] ?? 'servers');
  if (first.json === undefined) {
    const type = first.headers.get('Content-Type') ?? 'no media type';
    const what = `${baseUrl} answers ${first.status} with ${type}, not JSON`;
    throw new Unreachable(`${what}: it does not serve the APIs of Gatehouse. Check the URL.`);
  }
  for (const [whose, who] of Object.entries(credentials) as [keyof SuiteCredentials, Credentials | null][]) {
    const api = API_OF[whose];
    if (who !== null && apis.includes(api)) {
      const { status } = await ask(who, api);
      if (status === 401 || status === 403) {
        const path = as(who).pathOf(READABLE[api][0]);
        throw new CredentialsRefused(`${baseUrl} refuses ${shownNames(who)}: ${status} from GET ${path}.`);
      }
    }
  }
}

/** The variables that hold the credentials. */
const shownNames = (who: Credentials): string =>
  Object.keys(who).length === 0
    ? 'requests without an operator token'
    : Object.values(who)
        .map(({ shown }) => shown.replace(/^Bearer /, ''))
        .join(' with ');
