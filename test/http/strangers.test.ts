import { expect, test, vi } from 'vitest';
import { operations } from '../support/client.ts';
import { rawClient } from '../support/raw-client.ts';
import { startTestServer } from '../support/server.ts';

test('the requests of strangers use none of the memory of the operator', async () => {
  const gateway = await startTestServer();
  const { budget } = gateway.deps;
  const client = await rawClient(
    gateway.url,
    'POST /console/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  );
  await vi.waitFor(() => expect(budget.heldBytes()).toBeGreaterThan(0));
  expect(budget.heldBytes(null)).toBe(0);
  client.socket.destroy();
  await vi.waitFor(() => expect(budget.heldBytes()).toBe(0));
  await gateway.stop();
});

test('strangers send small bodies only', () => {
  const open = operations.filter(({ path }) => !path.startsWith('/mcp'));
  const taken = open.filter(({ object }) => object.requestBody !== undefined && object.security?.length === 0);
  expect(taken.map(({ id, object }) => [id, object['x-body-limit']])).toEqual([['createSession', 16 * 1024]]);
});
