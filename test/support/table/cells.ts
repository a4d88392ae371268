import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../json.ts';

/** What came of an operation: its value, or the error. */
export type Outcome = { readonly value: unknown } | { readonly refusal: Json };

/**
 * What a client gets through the gateway: the same as directly; more than directly, where the two cannot speak with each
 * other, or less well; or not what it asks for, which is not advertised either.
 */
export type Cell = 'same' | 'more' | 'no';

/** What a bridge between versions adds, and what clients of one version leave out: it says nothing about what was asked. */
const OF_A_VERSION = new Set(['_meta', 'resultType', 'ttlMs', 'cacheScope', 'execution']);

const plain = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([key, member]) => !OF_A_VERSION.has(key) && member !== undefined)
            .map(([key, member]) => [key, plain(member)]),
        )
      : value;
const areSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b));

/** The errors for what is not served: of the gateway, and of clients that do not even ask for what is not advertised. */
const REFUSALS: readonly RegExp[] = [
  /Method not found/,
  /This changes a session: initialize one of your own first/,
  /Server does not support/,
];
const isRefusalOfGateway = ({ message }: Json): boolean => REFUSALS.some((refusal) => refusal.test(message));

/** What a cell is judged by. */
export type Judged = {
  /** What the client got directly, and through the gateway. */
  readonly direct: Outcome;
  readonly through: Outcome;
  /** The best that any client gets from that server. */
  readonly best: Outcome;
  /** What a client gets where the protocol has no error for what is not served. */
  readonly nothing?: unknown;
  readonly isAdvertised: boolean;
};

/** Judges what a client got through the gateway. Throws an error that tells what everybody got if it is no `Cell`. */
export function judge({ direct, through, best, nothing, isAdvertised }: Judged): Cell {
  if ('value' in through) {
    if ('value' in direct && areSame(direct.value, through.value)) {
      return 'same';
    }
    if ('value' in best && areSame(best.value, through.value)) {
      return 'more';
    }
    if (!isAdvertised && nothing !== undefined && through.value === nothing) {
      return 'no';
    }
  } else if (isRefusalOfGateway(through.refusal)) {
    if (!isAdvertised) {
      return 'no';
    }
    if ('refusal' in direct && direct.refusal.code === through.refusal.code) {
      return 'same';
    }
  }
  const told = Object.entries({ direct, through, best }).map(([name, outcome]) => `  ${name}: ${textOf(outcome)}`);
  throw new Error([isAdvertised ? '(advertised)' : '(not advertised)', ...told].join('\n'));
}

function textOf(outcome: Outcome): string {
  if ('value' in outcome) {
    return JSON.stringify(plain(outcome.value))?.slice(0, 1000);
  }
  const { code, status, message } = outcome.refusal;
  return `refused: ${code} ${status ?? ''} ${String(message ?? outcome.refusal).slice(0, 500)}`;
}
