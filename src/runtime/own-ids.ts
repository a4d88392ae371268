import { randomBytes } from 'node:crypto';
import { isObject } from '../base/json.ts';
import type { ServerMessage } from './messages.ts';

type Params = Readonly<Record<string, unknown>>;

/** Ids that are looked for in one text. */
const MOST_FOUND = 100;

/**
 * Makes the request ids, and progress tokens, of one connection: nobody else knows what stands in front of them, and their
 * numbers tell nothing of other connections.
 */
export function createOwnIds(): () => string {
  const prefix = `gatehouse-${randomBytes(9).toString('base64url')}-`;
  let count = 0;
  return () => `${prefix}${++count}`;
}

const QUOTED = /"(gatehouse-[\w-]{12}-\d+)"/g;

/** The first ids that stand in a text and look like the gateway's own; at most 100. */
export function ownIdsIn(text: string): string[] {
  const ids: string[] = [];
  for (const [, id = ''] of text.matchAll(QUOTED)) {
    if (ids.push(id) === MOST_FOUND) {
      break;
    }
  }
  return ids;
}

/** Progress is asked for under an id of the gateway's own, and told under the caller's. */
export function withToken(params: Params, own: string) {
  const meta = params._meta;
  const token = isObject(meta) ? meta.progressToken : undefined;
  const restore = (message: ServerMessage): ServerMessage => {
    const told = message.params;
    return token !== undefined && isObject(told) && told.progressToken === own
      ? { ...message, params: { ...told, progressToken: token } }
      : message;
  };
  return {
    params: token === undefined ? params : { ...params, _meta: { ...(meta as object), progressToken: own } },
    restore,
  };
}

/**
 * A message in which the caller's id stands for the gateway's own; undefined where that does not stand in it exactly
 * once, and for a batch.
 */
export function withId(json: Buffer, own: string, id: unknown): Buffer | undefined {
  const quoted = `"${own}"`;
  const at = json.indexOf(quoted);
  const after = at + quoted.length;
  return json[0] !== 0x7b || at === -1 || json.indexOf(quoted, after) !== -1
    ? undefined
    : Buffer.concat([json.subarray(0, at), Buffer.from(JSON.stringify(id)), json.subarray(after)]);
}
