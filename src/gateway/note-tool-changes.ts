import type { Deps } from '../deps.ts';
import type { UsedServer } from '../runtime/connectable.ts';
import type { ServerMessage } from '../runtime/messages.ts';
import { TOOLS_CHANGED } from '../runtime/protocol.ts';

/** Passes on the messages of a server. A notification of changed tools makes the runtime list the tools again. */
export async function* noteToolChanges(
  { runtime }: Pick<Deps, 'runtime'>,
  { id }: Pick<UsedServer, 'id'>,
  messages: AsyncIterable<ServerMessage>,
): AsyncGenerator<ServerMessage> {
  for await (const message of messages) {
    if (message.method === TOOLS_CHANGED) {
      runtime.toolsChanged(id);
    }
    yield message;
  }
}
