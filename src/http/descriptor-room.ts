import { countOpenDescriptors } from '../base/descriptors.ts';
import { type Connection, isBusy } from './connection.ts';

/** The share of the descriptors that connections of clients leave to everything else: servers, databases, files. */
const RESERVE_RATIO = 0.1;
/** The share from which descriptors are counted more often. */
const CROWDED_RATIO = 0.7;
/** Milliseconds between two counts while they are crowded. */
const CROWDED_COUNT_MS = 100;
/** Milliseconds between two times that it is told. */
const TOLD_MS = 60_000;

/** Keeps file descriptors free for new connections. */
export type DescriptorRoom = {
  /**
   * If file descriptors are short, closes another connection for a new one, or the new one if no other can be closed.
   */
  readonly make: (newcomer: Connection) => void;
  readonly close: () => void;
};

/**
 * Keeps a tenth of `limit` file descriptors free of clients. `open` has all connections, oldest first. Other
 * descriptors are counted every `countMs`, and more often when few are left. Calls `onTight` at most once a minute when
 * it closes a connection.
 */
export function createDescriptorRoom(
  limit: number,
  open: ReadonlyMap<unknown, Connection>,
  countMs: number,
  onTight: () => void,
): DescriptorRoom {
  let others = 0;
  let isCounting = false;
  let countedAt = 0;
  let toldAt = Number.NEGATIVE_INFINITY;

  const count = async (): Promise<void> => {
    if (isCounting) {
      return;
    }
    isCounting = true;
    countedAt = performance.now();
    const all = await countOpenDescriptors();
    // Connections that came or went meanwhile make this off by as many, until the next count.
    others = all === null ? others : Math.max(0, all - open.size);
    isCounting = false;
  };
  void count();
  const counting = setInterval(() => void count(), countMs).unref();

  return {
    make: (newcomer) => {
      const used = open.size + others;
      if (used > limit * CROWDED_RATIO && performance.now() - countedAt > CROWDED_COUNT_MS) {
        void count();
      }
      if (used > limit * (1 - RESERVE_RATIO)) {
        (leastWorthOf(open.values(), newcomer) ?? newcomer).socket.destroy();
        if (performance.now() - toldAt > TOLD_MS) {
          toldAt = performance.now();
          onTight();
        }
      }
    },
    close: () => clearInterval(counting),
  };
}

/** Milliseconds in which a new connection may be expected to have been read from. */
const FRESH_MS = 200;

/**
 * The oldest connection that has had time to send a whole request and has not; without one, the oldest that sends none now;
 * without one, that which has taken nothing of its answer for the longest time; without one, the oldest that has sent no
 * whole request yet. Null when all are being served.
 */
function leastWorthOf(open: Iterable<Connection>, newcomer: Connection): Connection | null {
  let idle: Connection | null = null;
  let stalled: Connection | null = null;
  let fresh: Connection | null = null;
  for (const connection of open) {
    if (connection === newcomer || connection.socket.destroyed) {
      continue;
    }
    if (!connection.hasAsked && connection.request?.complete !== true) {
      if (newcomer.openedAt - connection.openedAt > FRESH_MS) {
        return connection;
      }
      fresh ??= connection;
    } else if (!isBusy(connection)) {
      idle ??= connection;
    } else if (
      connection.socket.writableLength > 0 &&
      connection.tookAt < (stalled?.tookAt ?? Number.POSITIVE_INFINITY)
    ) {
      stalled = connection;
    }
  }
  return idle ?? stalled ?? fresh;
}
