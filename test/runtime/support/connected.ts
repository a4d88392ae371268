import { LIMITS } from '../../../src/base/limits.ts';
import { createEgress } from '../../../src/egress/egress.ts';
import { connect } from '../../../src/runtime/connect.ts';
import { remoteTarget } from '../../../src/runtime/connectable.ts';
import type { Connection, ConnectionRequest } from '../../../src/runtime/connection.ts';
import type { ServerMessage } from '../../../src/runtime/messages.ts';
import type { Era } from '../../../src/runtime/protocol.ts';
import { ownMemory } from '../../support/memory.ts';
import { type Script, type Scripted, startScripted } from '../../support/scripted.ts';

export type Connected = {
  readonly server: Scripted;
  readonly connection: Connection;
  /** All messages that answer a request, by default in the era that the server was started in. */
  readonly ask: (request?: Partial<ConnectionRequest>, signal?: AbortSignal, era?: Era) => Promise<ServerMessage[]>;
  readonly stop: () => Promise<void>;
};

/** A scripted server and a connection to it. */
export async function startConnected(ofServer: Era, script: Script = {}, memory = ownMemory): Promise<Connected> {
  const server = await startScripted(ofServer, script);
  const egress = createEgress({ allow: ['127.0.0.1'], own: () => [] });
  const connection = connect(
    {
      egress,
      memory,
      onLost: () => undefined,
      onHealth: () => undefined,
      limits: { ...LIMITS, probeTimeoutMs: 300, sessionCheckTimeoutMs: 300 },
    },
    remoteTarget('streamable_http', 'Scripted', server.url, {}),
  );
  return {
    server,
    connection,
    ask: async (request = {}, signal = new AbortController().signal, era = ofServer) => {
      const messages: ServerMessage[] = [];
      const whole = { id: 1, method: 'tools/call', params: { name: 'look' }, ...request };
      for await (const message of connection.send(whole, era, signal)) {
        messages.push(message);
      }
      return messages;
    },
    stop: async () => {
      await connection.close();
      await egress.dispatcher.destroy();
      await server.stop();
    },
  };
}
