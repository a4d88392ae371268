import { readJson } from '../base/read-json.ts';
import { RPC_ERROR_CODES } from '../base/rpc-error-codes.ts';
import type { Sealer } from '../store/secrets.ts';
import { RpcError } from './message.ts';

/** The call that a round belongs to: its tool, and the digest of its arguments. */
type RoundOf = { readonly tool: string; readonly digest: string };

/** One round of asking the person of a client to open the page of a request that waits. */
export type WaitingRound = RoundOf & {
  readonly kind: 'waits';
  /** The UUID of the request that the client was told about. */
  readonly requestId: string;
  /** How often the call was answered so. */
  readonly count: number;
};

/** One round in which the server has asked for more in the course of an approved call. */
export type AskedRound = RoundOf & {
  readonly kind: 'asked';
  /** The UUID of the request whose approval the call has used. */
  readonly requestId: string;
  /** The number of the round, from 1. */
  readonly round: number;
  /** What the server wants back; absent if it wants nothing. */
  readonly state?: string;
  /** When the round is too old to be answered; milliseconds since the epoch, as `timeOf` counts. */
  readonly until: number;
};

/** What the gateway keeps in `requestState` of a call. The client cannot read or change it. */
export type Round = WaitingRound | AskedRound;

/** Milliseconds that a client has to answer a server in the course of an approved call. */
export const ROUND_VALID_MS = 600_000;

/** Begins every `requestState` of the gateway: it is not one of a server. */
const PREFIX = 'gatehouse.';

const contextOf = (endpointId: string): string => `approval_round:${endpointId}`;

/** Whether a `requestState` is of the gateway, so that no server may get it. */
export const isOwnState = (state: unknown): boolean => typeof state === 'string' && state.startsWith(PREFIX);

/** Writes a round as the `requestState` of an endpoint. */
export const sealRound = (secrets: Sealer, endpointId: string, round: Round): string =>
  `${PREFIX}${secrets.seal(JSON.stringify(round), contextOf(endpointId))}`;

/** Opens the round that a client sends back with its call. Throws an RpcError if it is not of this endpoint and call. */
export function openRound(secrets: Sealer, endpointId: string, state: unknown, { tool, digest }: RoundOf): Round {
  if (isOwnState(state)) {
    try {
      const round = readJson(secrets.open(String(state).slice(PREFIX.length), contextOf(endpointId))) as Round;
      if (round.tool === tool && round.digest === digest) {
        return round;
      }
    } catch {
      // Not sealed here, or for another endpoint.
    }
  }
  throw refusedRound('is not of this call: a call that waits for a person can carry only that of Gatehouse.');
}

/** The error for a `requestState` that does not count. Nothing was sent to the server. */
export const refusedRound = (why: string): RpcError =>
  new RpcError(RPC_ERROR_CODES.invalidParams, `This \`requestState\` ${why} Call again without it.`);
