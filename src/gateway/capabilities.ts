import { holdsBack } from '../contract/approval-policies.ts';
import { capabilitiesWithoutStream } from '../runtime/protocol.ts';
import { isScoped } from '../tools/scope.ts';
import type { Result } from './results.ts';
import type { Route } from './route.ts';
import type { ServedServer } from './served.ts';
import { servesTasks, withoutTasks } from './tasks.ts';

/** The capabilities that an endpoint with a scope serves. */
const IN_SCOPE = ['tools', 'logging'];

/**
 * Removes the capabilities of a server whose methods an endpoint does not serve, or whose notifications do not reach the
 * client, on the route of the client's messages. Returns the same object if the endpoint serves all of them.
 */
export function servedCapabilities(capabilities: Result, source: ServedServer, route: Route): Result {
  const { scope, server } = source;
  const onRoute = onlyOnRoute(capabilities, route);
  const withTasks = servesTasks(source, route === 'client-session') ? onRoute : withoutTasks(onRoute);
  const isHidden = (name: string): boolean =>
    isScoped(scope) ? !IN_SCOPE.includes(name) : holdsBack(server.approvalPolicy) && name === 'experimental';
  return Object.keys(withTasks).some(isHidden)
    ? Object.fromEntries(Object.entries(withTasks).filter(([name]) => !isHidden(name)))
    : withTasks;
}

/** Without a session and without `subscriptions/listen`, a client hears only what belongs to its requests. */
function onlyOnRoute(capabilities: Result, route: Route): Result {
  switch (route) {
    case 'client-session':
    case 'stateless-relay':
      return capabilities;
    case 'shared-session':
      return capabilitiesWithoutStream(capabilities);
    case 'bridge': {
      const { logging, ...others } = capabilitiesWithoutStream(capabilities);
      return others;
    }
  }
}
