import { setTimeout as pause } from 'node:timers/promises';
import type { Approver } from './approver.ts';
import type { Context } from './command.ts';
import { GatewayUnreachable } from './gateway.ts';
import { requestLine, requestText } from './show-request.ts';

/** Milliseconds until the next try after the stream has ended. */
const RECONNECT_MS = 1000;

/**
 * Shows each call whole as soon as it waits, and a line for everything else that happens to it, until the signal aborts. A
 * stream that ends is continued after its last event. Throws GatewayRefused, and GatewayUnreachable if it never was
 * connected.
 */
export async function watchApprovals(
  approver: Approver,
  { stdout, stderr }: Pick<Context, 'stdout' | 'stderr'>,
  signal: AbortSignal,
): Promise<void> {
  const shown = new Set<string>();
  let lastEventId: string | undefined;
  let hasConnected = false;

  const show = async (id: string): Promise<void> => {
    if (!shown.has(id)) {
      shown.add(id);
      stdout(`${requestText(await approver.read(id))}\n`);
    }
  };

  const followOnce = async (): Promise<void> => {
    const events = await approver.follow(lastEventId, signal);
    hasConnected = true;
    if (events === null) {
      stderr('The gateway no longer keeps what has happened meanwhile. This is what waits now:\n');
      lastEventId = undefined;
      return followOnce();
    }
    if (lastEventId === undefined) {
      for (const { id } of await approver.waiting()) {
        await show(id);
      }
    }
    for await (const { id, event, request } of events) {
      if (event === 'requested') {
        await show(request.id);
      } else {
        stdout(`${requestLine(request)}\n`);
      }
      lastEventId = id;
    }
  };

  while (!signal.aborted) {
    try {
      await followOnce();
    } catch (error) {
      if (!signal.aborted && !(hasConnected && error instanceof GatewayUnreachable)) {
        throw error;
      }
    }
    if (!signal.aborted) {
      stderr('The connection has ended. Connecting again.\n');
    }
    await pause(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
}
