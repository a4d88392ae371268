import { randomUUID } from 'node:crypto';
import type { components } from '../../generated/api.ts';
import type { Caller } from './caller.ts';
import { Skipped } from './failed.ts';

type Schemas = components['schemas'];

/** What a server may rightly do without, by its configuration. Each method throws `Skipped`, with the reason, if it does. */
export type Deployment = {
  /** Shared servers that are local processes. */
  readonly requireProcesses: () => Promise<void>;
  /** Changes of shared servers that the running gateway uses at once. */
  readonly requireLiveReload: () => Promise<void>;
};

/** Finds out about a server when a check needs to know, once for each question. `name` makes unique names. */
export function createDeployment(operator: Caller, name: (what: string) => string): Deployment {
  const save = (what: string, config: object) => {
    const body = { name: name(what), enabled: false, mcpServer: { name: name(what), ...config } };
    return operator.attempt('createSharedServer', { body });
  };
  const startsProcesses = async () => {
    const { status, json } = await save('probe-process', { transport: 'stdio', command: `/${randomUUID()}` });
    const { fieldErrors = [] } = (json as Partial<Schemas['OperatorErrorBody']> | undefined)?.error ?? {};
    return !(status === 422 && fieldErrors.some(({ field }) => field === 'body.mcpServer.transport'));
  };
  const reloadsLive = async () => {
    const { json } = await save('probe-reload', { url: 'http://127.0.0.1:9/mcp' });
    return (json as Partial<Schemas['SharedServerSaved']> | undefined)?.reload?.status !== 'restart_required';
  };
  let processes: Promise<boolean> | undefined;
  let live: Promise<boolean> | undefined;
  return {
    requireProcesses: async () => {
      processes ??= startsProcesses();
      if (!(await processes)) {
        throw new Skipped('this server starts no local processes: it refuses the transport stdio');
      }
    },
    requireLiveReload: async () => {
      live ??= reloadsLive();
      if (!(await live)) {
        throw new Skipped('this server uses changes of shared servers after a restart (GATEHOUSE_RELOAD=on-restart)');
      }
    },
  };
}

/** Throws `Skipped` for a caller of an API that lets everybody in, which has no credentials to leave out. */
export function requireCredentials({ credentials }: Caller): void {
  if (Object.keys(credentials).length === 0) {
    throw new Skipped('this server lets everybody be the operator (GATEHOUSE_ADMIN_AUTH=none)');
  }
}
