import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClient } from '../../src/client/client.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const PAGE = { result: [], next_cursor: null, limit: 1 };

/** A client of a server that gives these answers, one after another; the times at which it was asked, in milliseconds. */
function scripted(answers: readonly (Response | Error)[], retries?: number) {
  const begun = Date.now();
  const asked: number[] = [];
  const client = createClient({
    baseUrl: 'https://gatehouse.example.com',
    retries,
    fetch: async () => {
      const answer = answers[asked.push(Date.now() - begun) - 1];
      if (answer instanceof Response) {
        return answer;
      }
      throw answer ?? new Error('asked too often');
    },
  });
  return { client, asked };
}

const refusal = (status: number, retryAfter?: string): Response =>
  Response.json(
    { message: 'later' },
    { status, headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter } },
  );

/** Waits for an outcome, while time goes by as fast as it is waited for. */
async function settled<T>(outcome: Promise<T>): Promise<T> {
  const [result] = await Promise.all([outcome, vi.runAllTimersAsync()]);
  return result;
}

test.each([429, 502, 503, 504])('a safe request is sent again after a %i', async (status) => {
  const { client, asked } = scripted([refusal(status), refusal(status), Response.json(PAGE)]);
  expect(await settled(client.GET('/integration'))).toMatchObject({ status: 200, data: PAGE });
  expect(asked).toHaveLength(3);
});

test('a request without an answer is sent again, and the last failure is passed on', async () => {
  const { client, asked } = scripted([new TypeError('fetch failed'), Response.json(PAGE)]);
  expect((await settled(client.GET('/integration'))).status).toBe(200);
  expect(asked).toHaveLength(2);
  const down = scripted([new TypeError('1'), new TypeError('2'), new TypeError('3')]);
  await settled(expect(down.client.GET('/integration')).rejects.toThrow('3'));
});

test.each([
  ['7', 7_000],
  ['0', 0],
  [new Date(20_000).toUTCString(), 20_000],
  [new Date(0).toUTCString(), 0],
])('Retry-After: %s is waited for', async (retryAfter, waitMs) => {
  vi.setSystemTime(0);
  const { client, asked } = scripted([refusal(503, retryAfter), Response.json(PAGE)]);
  expect((await settled(client.GET('/integration'))).status).toBe(200);
  expect(asked).toEqual([0, waitMs]);
});

test('without a Retry-After that can be read, waits grow', async () => {
  const { client, asked } = scripted([refusal(429), refusal(429, 'soon'), Response.json(PAGE)]);
  await settled(client.GET('/integration'));
  const [first = 0, second = 0, third = 0] = asked;
  expect(second - first).toBeGreaterThanOrEqual(125);
  expect(second - first).toBeLessThanOrEqual(250);
  expect(third - second).toBeGreaterThanOrEqual(250);
  expect(third - second).toBeLessThanOrEqual(500);
});

test('what is final is answered at once: other statuses, a long wait, the last retry', async () => {
  for (const status of [400, 401, 404, 409, 500, 501]) {
    const { client, asked } = scripted([refusal(status)]);
    expect((await settled(client.GET('/integration'))).status).toBe(status);
    expect(asked).toEqual([0]);
  }
  const long = scripted([refusal(429, '3600')]);
  expect(await settled(long.client.GET('/integration'))).toMatchObject({ status: 429, error: { message: 'later' } });
  const twice = scripted([refusal(429, '1'), refusal(429, '1'), refusal(429, '1')]);
  expect((await settled(twice.client.GET('/integration'))).status).toBe(429);
  expect(twice.asked).toEqual([0, 1_000, 2_000]);
  const never = scripted([refusal(429, '1')], 0);
  expect((await settled(never.client.GET('/integration'))).status).toBe(429);
});

test('what changes something is never sent twice', async () => {
  const params = { path: { id: '1ba1f401-7183-47c5-9e39-e8e257e3c795' } };
  const calls = (client: ReturnType<typeof createClient>) => [
    () => client.POST('/integration', { body: { name: 'x', document: 'x' } as never }),
    () => client.PATCH('/integration/{id}', { params, body: {} }),
    () => client.DELETE('/integration/{id}', { params }),
  ];
  for (const [at] of calls(scripted([]).client).entries()) {
    const { client, asked } = scripted([refusal(429, '1')]);
    expect((await settled(calls(client)[at]?.() as Promise<{ status: number }>)).status).toBe(429);
    expect(asked).toEqual([0]);
    const down = scripted([new TypeError('fetch failed')]);
    await settled(expect(calls(down.client)[at]?.()).rejects.toThrow('fetch failed'));
  }
});

test('a wait ends when the call is aborted', async () => {
  const { client, asked } = scripted([refusal(429, '50'), Response.json(PAGE)]);
  const abort = new AbortController();
  const call = client.GET('/integration', { signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 10);
  await settled(expect(call).rejects.toThrow('enough'));
  expect(asked).toEqual([0]);
});
