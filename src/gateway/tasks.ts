import { isObject } from '../base/json.ts';
import { META_PREFIX } from '../runtime/protocol.ts';
import { isScoped } from '../tools/scope.ts';
import type { RequestMessage } from './message.ts';
import { foldCase } from './repeated-members.ts';
import type { Result } from './results.ts';
import type { ServedServer } from './served.ts';

/** How 2026-07-28 names tasks, which are an extension there. */
const EXTENSION = `${META_PREFIX}tasks`;
const CAPABILITIES = `${META_PREFIX}clientcapabilities`;

/**
 * Whether an endpoint has tasks. A server tells by its caller's credentials who may read a task, and those are the same for
 * all endpoints over it: of several organizations where the operator shares it, and of several scopes.
 */
export const servesTasks = ({ scope, server }: Pick<ServedServer, 'scope' | 'server'>, hasSession: boolean): boolean =>
  hasSession && !isScoped(scope) && !('isShared' in server);

/** Whether a method is about tasks, to servers that tell cases apart and to those that do not. */
export const isTaskMethod = (method: string): boolean => foldCase(method).trim().startsWith('tasks/');

/** The capabilities of a client or a server, without tasks; the same object where they have none. */
export const withoutTasks = (capabilities: Result): Result =>
  changed(dropped(capabilities, 'tasks'), 'extensions', (extensions) => dropped(extensions, EXTENSION));

/** Text in which a task may be named: escapes, and letters beyond ASCII, may be any letter. */
const MAY_NAME_TASKS = /task|[\\\x80-\uffff]/i;
/** Characters of a request up to which its text is looked at, rather than its members. */
const SHORT_REQUEST_CHARS = 4096;

/** A request that begins no task, offers none, and subscribes to none: what nobody can read must not be begun. */
export function withoutTaskRequests<M extends RequestMessage>(message: M): M {
  const { params, id, method } = message;
  if (message.text.length <= SHORT_REQUEST_CHARS && !MAY_NAME_TASKS.test(message.text)) {
    return message;
  }
  const inMeta = changed(dropped(params, 'task'), '_meta', (meta) => changed(meta, CAPABILITIES, withoutTasks));
  const inParams = changed(inMeta, 'capabilities', withoutTasks);
  const without = changed(inParams, 'notifications', (wanted) => dropped(wanted, 'taskids'));
  return without === params
    ? message
    : { ...message, params: without, text: JSON.stringify({ jsonrpc: '2.0', id, method, params: without }) };
}

/** Names in lower case are compared without case: there are servers that do not mind it. */
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
