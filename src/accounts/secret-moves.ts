import { originsOf, type SecretOrigins, type SecretServers, templateOriginsOf } from '../calls/secret-destinations.ts';
import { calledServiceOf } from '../calls/service.ts';
import type { AuthenticationMethod } from '../contract/closed-words.ts';
import type { ServiceAccount } from '../store/accounts.ts';
import * as integrations from '../store/integrations.ts';
import type { Db } from '../store/store.ts';
import { readTools } from '../tools/packed.ts';
import type { DocumentMemory } from './documents.ts';

type Integration = integrations.Integration;
type Account = Pick<ServiceAccount, 'authenticationMethod' | 'context'>;

/** The secret of each authentication method. */
const SECRETS: Readonly<Record<AuthenticationMethod, string | undefined>> = {
  api_key: 'api_key',
  basic: 'password',
  bearer: 'token',
  oauth2_client_credentials: 'client_secret',
  none: undefined,
};

/**
 * Whether accounts with these authentication methods have secrets that a change sends to a new origin: one that
 * received none of the secrets of the integration before.
 */
export type SecretMoves = (methods: readonly AuthenticationMethod[]) => boolean;

/**
 * Finds out to which new origins a change of an integration sends the secrets of its accounts. `tools` are packed;
 * null if they stay.
 */
export async function findSecretMoves(
  db: Db,
  before: Integration,
  after: Pick<Integration, 'baseUrl' | 'service'>,
  tools: Uint8Array | null,
  memory: DocumentMemory,
): Promise<SecretMoves> {
  const packed = await integrations.tools(db, before.id);
  const serversBefore = await serversIn(packed, memory);
  const serversAfter = tools === null ? serversBefore : await serversIn(tools, memory);
  const from = templateOriginsOf(calledServiceOf(before), serversBefore);
  const to = templateOriginsOf(calledServiceOf(after), serversAfter);
  return (methods) => methods.some((method) => isMoved(method, from, to));
}

/**
 * Returns the name of the secret that an account keeps although a change sends it to a new origin; null if there is
 * none. `given` contains the changed keys of the context.
 */
export async function findMovedSecret(
  db: Db,
  integration: Integration,
  before: Account,
  after: Account,
  given: readonly string[],
  memory: DocumentMemory,
): Promise<string | null> {
  const secret = SECRETS[after.authenticationMethod];
  const isKept = secret !== undefined && Object.hasOwn(before.context, secret) && !given.includes(secret);
  if (!isKept || !given.some((key) => key === 'variables' || key === 'token_url')) {
    return null;
  }
  const service = calledServiceOf(integration);
  const servers = given.includes('variables')
    ? await serversIn(await integrations.tools(db, integration.id), memory)
    : [];
  const [from, to] = [before, after].map(({ context }) => originsOf(service, servers, context));
  return from !== undefined && to !== undefined && isMoved(after.authenticationMethod, from, to) ? secret : null;
}

const isMoved = (method: AuthenticationMethod, from: SecretOrigins, to: SecretOrigins): boolean =>
  SECRETS[method] !== undefined &&
  (isElsewhere(to.requests, from.requests) ||
    (method === 'oauth2_client_credentials' && isElsewhere(to.tokens, from.tokens)));

const isElsewhere = (to: ReadonlySet<string>, from: ReadonlySet<string>): boolean =>
  [...to].some((origin) => !from.has(origin));

/** Returns the different servers that tools name for themselves. */
async function serversIn(packed: Uint8Array, { reach }: DocumentMemory): Promise<SecretServers> {
  const servers = new Map<string, SecretServers[number]>();
  for await (const { request } of readTools(packed, reach)) {
    if (request.server !== undefined) {
      servers.set(JSON.stringify(request.server), request.server);
    }
  }
  return [...servers.values()];
}
