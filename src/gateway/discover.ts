import type { Deps } from '../deps.ts';
import { maskOf } from '../runtime/mask.ts';
import { discoverResultOf } from './bridge.ts';
import type { ServerCall } from './call.ts';
import { servedCapabilities } from './capabilities.ts';
import { passOn } from './relay.ts';
import { sendMasked } from './reply.ts';
import { methodNotFound } from './results.ts';
import { routeOf } from './route.ts';

/**
 * Answers `server/discover`: with the answer of the server if the endpoint serves all of it, otherwise with an own
 * result.
 */
export async function discover(deps: Deps, call: ServerCall): Promise<void> {
  const { source, connection, era, message, request, response } = call;
  if (era === 'handshake') {
    throw methodNotFound(era);
  }
  const { era: spoken, facts } = await connection.introduce();
  const { capabilities } = facts.description();
  const route = routeOf({ era, spoken, hasSession: false, isPipe: connection.sendHttp === null });
  if (route === 'stateless-relay' && servedCapabilities(capabilities, source, route) === capabilities) {
    await passOn(deps, call);
    return;
  }
  await sendMasked(request, response, message.id, discoverResultOf(facts, source, route), maskOf(connection.target));
}
