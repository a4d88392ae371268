import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { isStuck, newConnection } from '../../src/http/connection.ts';

/** Looks at a client of whose answer so many bytes are taken in each second; at the seconds after which it is ended. */
function endsAfter(seconds: number, takenIn: (second: number) => number, waits: (second: number) => boolean) {
  const handle = { bytesWritten: 0, writeQueueSize: 0 };
  const socket = { _handle: handle, writableLength: 0 };
  const connection = newConnection(socket as unknown as Socket);
  connection.response = { writableFinished: false, closed: false } as ServerResponse;
  connection.idleSince = null;
  const began = connection.tookAt;
  let taken = 0;
  for (let second = 1; second <= seconds; second++) {
    taken += takenIn(second);
    socket.writableLength = waits(second) ? 100_000 : 0;
    handle.bytesWritten = taken + socket.writableLength;
    handle.writeQueueSize = socket.writableLength;
    const isLookedAt = (second * 1000) % LIMITS.connectionCheckMs === 0;
    if (isLookedAt && isStuck(connection, began + second * 1000, LIMITS)) {
      return second;
    }
  }
  return null;
}

const always = () => true;

test.each<[string, (second: number) => number]>([
  ['nothing', () => 0],
  ['what fills the buffers at first', (second) => (second < 5 ? 2_000_000 : 0)],
  ['a few bytes of full buffers at each look', (second) => (second < 5 ? 2_000_000 : 100)],
  ['more of them now and then', (second) => (second < 5 ? 2_000_000 : second % 25 === 0 ? 4096 : 0)],
])('a connection whose client takes %s ends within 70 s', (_name, takenIn) => {
  expect(endsAfter(600, takenIn, always)).toBeLessThanOrEqual(65);
});

test.each<[string, (second: number) => number, (second: number) => boolean]>([
  ['1 KiB a second', () => 1024, always],
  ['16 KiB every 16 seconds', (second) => (second % 16 === 0 ? 16_384 : 0), always],
  ['all that there is, a little every 20 seconds', (second) => (second % 20 === 0 ? 50 : 0), () => false],
  ['all that there is, though some waits at some looks', () => 10, (second) => second % 2 === 0],
])('a connection whose client takes %s does not end', (_name, takenIn, waits) => {
  expect(endsAfter(3600, takenIn, waits)).toBeNull();
});
