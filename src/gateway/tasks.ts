import { isObject } from '../base/is-object.ts';
import { META_PREFIX } from '../runtime/protocol.ts';
import { isScoped } from '../tools/scope.ts';
import type { RequestMessage } from './message.ts';
import { foldCase } from './repeated-members.ts';
import type { Result } from './results.ts';
import type { ServedServer } from './served.ts';

/** The name of tasks in 2026-07-28, where they are an extension. */
const EXTENSION = `${META_PREFIX}tasks`;
const CAPABILITIES = `${META_PREFIX}clientcapabilities`;

/**
 * Whether an endpoint serves tasks. A server decides by the credentials of its caller who may read a task, and all
 * endpoints over it use the same ones: several organizations for a server of the operator, and several scopes.
 */
export const servesTasks = ({ scope, server }: Pick<ServedServer, 'scope' | 'server'>, hasSession: boolean): boolean =>
  hasSession && !isScoped(scope) && !('isShared' in server);

/** Whether a method concerns tasks, also for servers that ignore case. */
export const isTaskMethod = (method: string): boolean => foldCase(method).trim().startsWith('tasks/');

/** Removes tasks from the capabilities of a client or a server; returns the same object if there are none. */
export const withoutTasks = (capabilities: Result): Result =>
  changed(dropped(capabilities, 'tasks'), 'extensions', (extensions) => dropped(extensions, EXTENSION));

/** Text that may contain the name of a task: escapes, and characters beyond ASCII, can stand for any letter. */
const MAY_NAME_TASKS = /task|[\\\x80-\uffff]/i;
/** The maximum length in bytes of a request whose text is searched instead of its members. */
const SHORT_REQUEST_BYTES = 4096;

/**
 * Removes everything from a request that would begin, offer or subscribe to a task, because nobody could read its
 * result.
 */
export function withoutTaskRequests<M extends RequestMessage>(message: M): M {
  const { params, id, method } = message;
  if (message.json.length <= SHORT_REQUEST_BYTES && !MAY_NAME_TASKS.test(message.json.toString('latin1'))) {
    return message;
  }
  const inMeta = changed(dropped(params, 'task'), '_meta', (meta) => changed(meta, CAPABILITIES, withoutTasks));
  const inParams = changed(inMeta, 'capabilities', withoutTasks);
  const without = changed(inParams, 'notifications', (wanted) => dropped(wanted, 'taskids'));
  return without === params
    ? message
    : {
        ...message,
        params: without,
        json: Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params: without })),
      };
}

/** Names are compared in lower case, because some servers ignore case. */
const dropped = (object: Result, name: string): Result =>
  Object.keys(object).some((key) => foldCase(key) === name)
    ? Object.fromEntries(Object.entries(object).filter(([key]) => foldCase(key) !== name))
    : object;

function changed(object: Result, name: string, change: (value: Result) => Result): Result {
  let result = object;
  for (const [key, value] of Object.entries(object)) {
    const after = foldCase(key) === name && isObject(value) ? change(value) : value;
    if (after !== value) {
      result = { ...result, [key]: after };
    }
  }
  return result;
}
