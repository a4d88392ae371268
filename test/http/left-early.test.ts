import { expect, test, vi } from 'vitest';
import { rawClient } from '../support/raw-client.ts';
import { API_KEY, API_SECRET, API_TOKEN, startTestServer } from '../support/server.ts';

const head = (line: string, ...headers: string[]): string =>
  `${[line, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`;

test.each([
  ['a list', head('GET /integrated-account HTTP/1.1', `Authorization: Bearer ${API_TOKEN}`)],
  [
    'a sign-in',
    head('POST /console/session HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 2').concat('{}'),
  ],
  [
    'a stream of events',
    head('GET /api/approval-requests/events HTTP/1.1', `X-API-KEY: ${API_KEY}`, `X-API-SECRET: ${API_SECRET}`),
  ],
])('nothing is held for a client that leaves before the work at %s has begun', async (_, request) => {
  let left: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => {
    left = resolve;
  });
  let came = 0;
  const gateway = await startTestServer({
    disturb: async () => {
      came += 1;
      await gone;
    },
    // The line of the request is written when its connection is gone.
    log: {
      write: (line) => {
        if (line.includes('"status":499')) {
          left?.();
        }
      },
    },
  });
  const client = await rawClient(gateway.url, request);
  await vi.waitFor(() => expect(came).toBe(1));
  client.socket.destroy();
  await gone;
  // Everything that had to wait for the client to leave has had its turn.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(gateway.deps.budget.heldBytes()).toBe(0);
  await gateway.stop();
});
