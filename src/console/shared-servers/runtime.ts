import { api, type Schemas } from '../api.ts';

/** Milliseconds between two looks at the running servers: no event tells their changes. */
const POLL_MS = 5_000;

/** The shared servers in the running gateway, as they are now. */
export const useRuntime = () => api.useQuery('get', '/admin/api/v1/runtime/status', {}, { refetchInterval: POLL_MS });

/** The state of one server among all; undefined if the answer is not there, or the server is newer. */
export const runtimeOf = (
  status: Schemas['RuntimeStatus'] | undefined,
  id: string,
): Schemas['RuntimeServer'] | undefined => status?.servers.find((server) => server.id === id);
