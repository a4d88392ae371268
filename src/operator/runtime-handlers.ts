import { formatInstant } from '../base/instants.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { type SharedServerStatus, sharedServerStatuses } from './runtime-status.ts';

/** Creates the handlers of the status of the running gateway (Operator API). */
export const runtimeHandlers = (deps: Deps): Handlers<'getRuntimeStatus'> => ({
  getRuntimeStatus: async (_input, respond) => {
    const last = deps.reloads.last();
    const servers = await sharedServerStatuses(deps);
    return respond(200, {
      lastStatus: last?.status ?? null,
      lastMessage: last?.message ?? null,
      lastError: last?.error ?? null,
      lastReloadedAt: last === null ? null : formatInstant(last.at),
      servers: servers.map(toWire),
    });
  },
});

const toWire = ({ since, warnings, ...status }: SharedServerStatus) => ({
  ...status,
  since: formatInstant(since),
  warnings: [...warnings],
});
