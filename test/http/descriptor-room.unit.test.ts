import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type Connection, newConnection } from '../../src/http/connection.ts';
import { createDescriptorRoom } from '../../src/http/descriptor-room.ts';

type Kind = 'silent' | 'fresh' | 'idle' | 'stalled' | 'served';

/** A connection of a kind, opened so many milliseconds ago. */
function connectionOf(kind: Kind, ageMs: number): Connection {
  const socket = { destroyed: false, writableLength: kind === 'stalled' ? 1000 : 0 } as Socket;
  socket.destroy = () => Object.assign(socket, { destroyed: true });
  const openedAt = performance.now() - ageMs;
  const connection = { ...newConnection(socket), openedAt, tookAt: openedAt };
  if (kind !== 'silent' && kind !== 'fresh') {
    connection.request = { complete: true } as IncomingMessage;
    connection.response = { writableFinished: kind === 'idle', closed: false } as ServerResponse;
  }
  return connection;
}

/** Which kinds are closed when so many connect where there is room for none. */
function closedFor(newcomers: number, kinds: readonly (readonly [Kind, number])[]): (Kind | 'newcomer')[] {
  const open = new Map<unknown, Connection>();
  const all = kinds.map(([kind, ageMs]) => ({ kind, connection: connectionOf(kind, ageMs) }));
  for (const { connection } of all) {
    open.set(connection.socket, connection);
  }
  const room = createDescriptorRoom(1, open, 60_000, () => undefined);
  const added = Array.from({ length: newcomers }, () => connectionOf('fresh', 0));
  for (const newcomer of added) {
    open.set(newcomer.socket, newcomer);
    room.make(newcomer);
  }
  room.close();
  const closed = all.filter(({ connection }) => connection.socket.destroyed).map(({ kind }) => kind);
  return [...closed, ...added.filter(({ socket }) => socket.destroyed).map(() => 'newcomer' as const)];
}

test.each<[Kind | 'newcomer', (readonly [Kind, number])[]]>([
  [
    'silent',
    [
      ['served', 9000],
      ['stalled', 8000],
      ['idle', 7000],
      ['silent', 6000],
      ['fresh', 10],
    ],
  ],
  [
    'idle',
    [
      ['served', 9000],
      ['stalled', 8000],
      ['idle', 7000],
      ['fresh', 10],
    ],
  ],
  [
    'stalled',
    [
      ['served', 9000],
      ['stalled', 8000],
      ['fresh', 10],
    ],
  ],
  [
    'fresh',
    [
      ['served', 9000],
      ['fresh', 10],
    ],
  ],
  ['newcomer', [['served', 9000]]],
])('closes the least valuable connection: %s', (kind, kinds) => {
  expect(closedFor(1, kinds)).toEqual([kind]);
});

test('reads from all new clients while others do not take their answers', () => {
  const stalled = Array.from({ length: 9 }, (_, index) => ['stalled', 9000 - index] as const);
  expect(closedFor(5, stalled)).toEqual(Array(5).fill('stalled'));
});
