import { randomUUID } from 'node:crypto';
import type { Json } from './json.ts';
import { json, result, type Script, type Scripted, sessionId, startScripted } from './scripted.ts';

const EXTENSION = 'io.modelcontextprotocol/tasks';

/** A server whose tasks belong to whoever brings the same credentials, whatever the session, as 2025-11-25 wants it. */
export type TaskServer = Scripted & {
  /** The ids of the tasks that were begun. */
  readonly begun: () => string[];
};

/** Starts one, on a free port. In 2026-07-28 it makes a task of each call of a client that knows the extension. */
export async function startTaskServer(era: 'handshake' | 'stateless'): Promise<TaskServer> {
  const tasks = new Map<string, Json>();
  const begin = ({ params }: Json): Json => {
    const task = { taskId: `task-${randomUUID()}`, status: 'completed', ttl: null, createdAt: '', lastUpdatedAt: '' };
    tasks.set(task.taskId, { task, text: JSON.stringify(params.arguments) });
    return task;
  };
  const extensions = { [EXTENSION]: {} };
  const capabilities =
    era === 'stateless'
      ? { tools: {}, extensions }
      : { tools: {}, extensions, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };
  const wantsTask = ({ params }: Json): boolean =>
    params.task !== undefined ||
    params._meta?.['io.modelcontextprotocol/clientCapabilities']?.extensions?.[EXTENSION] !== undefined;
  let sessions = 0;
  const script: Script = {
    initialize: (response, got) => {
      const { protocolVersion } = got.message.params;
      const facts = { protocolVersion, capabilities, serverInfo: { name: 'tasks', version: '1' } };
      json({ result: facts }, 200, { 'Mcp-Session-Id': sessionId(++sessions) })(response, got);
    },
    ...(era === 'stateless' && {
      'server/discover': result({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities }),
    }),
    'tools/call': (response, got) =>
      result(
        wantsTask(got.message)
          ? { task: begin(got.message), resultType: 'task' }
          : { content: [{ type: 'text', text: 'Done.' }], resultType: 'complete' },
      )(response, got),
    'tasks/list': (response, got) => result({ tasks: [...tasks.values()].map(({ task }) => task) })(response, got),
    'tasks/get': (response, got) => result(tasks.get(got.message.params.taskId).task)(response, got),
    'tasks/cancel': (response, got) => result(tasks.get(got.message.params.taskId).task)(response, got),
    'tasks/result': (response, got) =>
      result({ content: [{ type: 'text', text: tasks.get(got.message.params.taskId).text }] })(response, got),
    'subscriptions/listen': result({ resultType: 'complete' }),
  };
  return { ...(await startScripted(era, script)), begun: () => [...tasks.keys()] };
}
