import { originsOf, type SecretOrigins, type SecretServers, templateOriginsOf } from '../calls/secret-destinations.ts';
import { calledServiceOf } from '../calls/service.ts';
import type { AuthenticationMethod } from '../contract/closed-words.ts';
import type { SecretKinds, ServiceAccount } from '../store/accounts.ts';
import * as integrations from '../store/integrations.ts';
import type { Db } from '../store/store.ts';
import { readTools } from '../tools/packed.ts';
import type { DocumentMemory } from './documents.ts';

type Integration = integrations.Integration;
type Account = Pick<ServiceAccount, 'authenticationMethod' | 'context'>;

/** The secret of each authentication method; `headers` and `query` may be secrets beside it. */
const SECRETS: Readonly<Record<AuthenticationMethod, string | undefined>> = {
  api_key: 'api_key',
  basic: 'password',
  bearer: 'token',
  oauth2_client_credentials: 'client_secret',
  schemes: 'schemes',
  none: undefined,
};

/**
 * Whether accounts with these kinds of secrets have some that a change sends to a new origin: one that received none of
 * the secrets of the integration before.
 */
export type SecretMoves = (kinds: readonly SecretKinds[]) => boolean;

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
  return (kinds) => kinds.some((kind) => isMoved(kind, from, to));
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
  const kept = [SECRETS[after.authenticationMethod], 'headers', 'query'].filter(
    (key): key is string => key !== undefined && Object.hasOwn(before.context, key) && !given.includes(key),
  );
  const [first] = kept;
  if (first === undefined) {
    return null;
  }
  if (given.includes('origins') && originsIn(after).some((origin) => !originsIn(before).includes(origin))) {
    return first;
  }
  if (!given.some((key) => key === 'variables' || key === 'token_url')) {
    return null;
  }
  const service = calledServiceOf(integration);
  const servers = given.includes('variables')
    ? await serversIn(await integrations.tools(db, integration.id), memory)
    : [];
  const [from, to] = [before, after].map(({ context }) => originsOf(service, servers, context));
  if (from === undefined || to === undefined) {
    return null;
  }
  if (isElsewhere(to.requests, from.requests)) {
    return first;
  }
  return kept.includes('client_secret') && isElsewhere(to.tokens, from.tokens) ? 'client_secret' : null;
}

const originsIn = ({ context: { origins } }: Account): readonly unknown[] => (Array.isArray(origins) ? origins : []);

const isMoved = ({ method, hasFixedValues }: SecretKinds, from: SecretOrigins, to: SecretOrigins): boolean =>
  ((SECRETS[method] !== undefined || hasFixedValues) && isElsewhere(to.requests, from.requests)) ||
  (['oauth2_client_credentials', 'schemes'].includes(method) && isElsewhere(to.tokens, from.tokens));

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
