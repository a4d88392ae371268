import type { Deps } from '../deps.ts';
import { maskOf } from '../runtime/mask.ts';
import { isScoped } from '../tools/scope.ts';
import { discoverResultOf } from './bridge.ts';
import type { ServerCall } from './call.ts';
import { passOn } from './relay.ts';
import { sendMasked } from './reply.ts';
import { methodNotFound } from './results.ts';
import { withoutTasks } from './tasks.ts';

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
  const isWhole = !isScoped(source.scope) && withoutTasks(capabilities) === capabilities;
  if (spoken === 'stateless' && connection.sendHttp !== null && isWhole) {
    await passOn(deps, call);
    return;
  }
  await sendMasked(request, response, message.id, discoverResultOf(facts, source.scope), maskOf(connection.target));
}
