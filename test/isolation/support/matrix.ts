import { type Answer, HTTP_ANSWERS, MESSAGE_ANSWERS, MESSAGES } from './answers.ts';
import type { Behaviour } from './hostile-server.ts';
import { ENDPOINTS, SSE_ANSWERS, WEBSOCKET_ANSWERS } from './pipe-answers.ts';
import { PROCESS_ANSWERS } from './stdio-answers.ts';

/**
 * Who speaks to the server: a team and a client without a session, a client with its own, one of the stateless era, or the
 * operator, who brings it up, checks its tools and reloads it.
 */
export type Way = 'team' | 'own session' | 'stateless' | 'operator';

export type Combination = {
  readonly transport: 'http' | 'sse' | 'websocket' | 'stdio';
  readonly way: Way;
  readonly moment: string;
  readonly answer: Answer;
};

const cross = (
  transport: Combination['transport'],
  moments: Partial<Record<Way, readonly string[]>>,
  answers: readonly Answer[],
): Combination[] =>
  (Object.entries(moments) as [Way, readonly string[]][]).flatMap(([way, names]) =>
    names.flatMap((moment) => answers.map((answer) => ({ transport, way, moment, answer }))),
  );

/** Over a pipe, what is no answer is noise, after which the asker waits on. */
const slow = (answers: readonly Answer[]): Answer[] => answers.map((answer) => ({ ...answer, isSlow: true }));

/** An asker of a flood, or of bytes that do not come, may wait for as long as it is patient. */
const KEEPS_WAITING = /flood|without end|promised/;

const INITIALIZED = 'notifications/initialized';
const MESSAGE_MOMENTS = ['message initialize', 'message tools/list', 'message tools/call'];
const PROCESS: readonly Answer[] = Object.keys(PROCESS_ANSWERS).map((name) => ({ name, write: () => undefined }));

/** Every answer at every moment over every transport. */
export const MATRIX: readonly Combination[] = [
  ...cross(
    'http',
    {
      team: ['server/discover', 'initialize', INITIALIZED, 'tools/list', 'tools/call', 'GET', 'DELETE'],
      'own session': ['initialize', INITIALIZED, 'tools/call', 'GET', 'DELETE'],
      stateless: ['server/discover', 'tools/list', 'tools/call', 'subscriptions/listen'],
      operator: ['server/discover', 'initialize', INITIALIZED, 'tools/list'],
    },
    [...HTTP_ANSWERS, ...MESSAGE_ANSWERS].map((answer) => ({
      ...answer,
      isSlow: answer.isSlow === true || KEEPS_WAITING.test(answer.name),
    })),
  ),
  ...cross('sse', { team: ['GET', 'initialize', 'tools/call'], operator: ['GET', 'tools/list'] }, slow(HTTP_ANSWERS)),
  ...cross('sse', { team: ['GET'], operator: ['GET'] }, ENDPOINTS),
  ...cross('sse', { team: MESSAGE_MOMENTS, operator: ['message tools/list'] }, slow(SSE_ANSWERS)),
  ...cross('websocket', { team: ['GET'], operator: ['GET'] }, HTTP_ANSWERS),
  ...cross('websocket', { team: MESSAGE_MOMENTS, operator: ['message tools/list'] }, slow(WEBSOCKET_ANSWERS)),
  ...cross('stdio', { operator: ['initialize', 'tools/list', 'tools/call'] }, slow(PROCESS)),
];

/** The era that the server of a combination is of. */
export const eraOf = ({ way }: Combination): Behaviour['era'] => (way === 'stateless' ? 'stateless' : 'handshake');

export const nameOf = ({ transport, way, moment, answer }: Combination): string =>
  `${transport}, ${way}, ${moment}: ${answer.name}`;

/** The text of a message that a local process writes, with `"ID"` for the id that it was asked with. */
export const textOf = ({ answer }: Combination, good: string): string =>
  MESSAGES[answer.name.replace('a message: ', '')]?.({ id: '"ID"', good }) ?? '';

/** A generator of numbers from 0 to 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same combinations in another order. */
export function shuffled<T>(all: readonly T[], random: () => number): T[] {
  const order = [...all];
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other] as T, order[at] as T];
  }
  return order;
}
