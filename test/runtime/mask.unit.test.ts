import { describe, expect, test } from 'vitest';
import { type Mask, maskOf } from '../../src/runtime/mask.ts';
import type { Room } from '../../src/runtime/stream-mask.ts';
import type { RemoteTarget } from '../../src/runtime/target.ts';
import type { Secret } from '../../src/runtime/target-secrets.ts';

const SECRET = 'p4ss/w0rd"of+the=<ż>server';
const HEADER = { name: 'authorization', value: `Bearer ${SECRET}` };
const SETTING = { name: 'x-team', value: 'a-plain-setting' };

function maskFor(secrets: readonly Secret[], isShared = false): Mask {
  const target: RemoteTarget = {
    transport: 'streamable_http',
    name: 'test',
    origin: 'http://127.0.0.1',
    path: '/',
    headers: {},
    secrets,
    isShared,
    idleTimeoutMs: 0,
    streamIdleTimeoutMs: 0,
    endsSession: false,
  };
  const mask = maskOf(target);
  expect(mask).not.toBeNull();
  return mask as Mask;
}
const own = maskFor([HEADER, SETTING]);
const shared = maskFor([HEADER, SETTING], true);

const errorOf = (text: string) => ({ jsonrpc: '2.0', id: 1, error: { code: -32000, message: text } });
const resultOf = (text: string, more = {}) => ({ jsonrpc: '2.0', id: 1, result: { content: [{ text }], ...more } });
const jsonOf = async (mask: Mask, message: unknown): Promise<string> =>
  (await mask.json(Buffer.from(JSON.stringify(message)))).toString();
const ANY_ROOM = () => true;
const pass = (mask: Mask, areEvents: boolean, chunks: readonly Buffer[], room: Room = ANY_ROOM): string => {
  const pieces = mask.ofStream(areEvents, room);
  return Buffer.concat([...chunks.flatMap((chunk) => [...pieces.add(chunk)]), ...pieces.end()]).toString();
};
const cutInto = (text: string, bytes: number): Buffer[] => {
  const whole = Buffer.from(text);
  return Array.from({ length: Math.ceil(whole.length / bytes) }, (_, at) =>
    whole.subarray(at * bytes, (at + 1) * bytes),
  );
};

const escaped = (text: string, which: RegExp): string =>
  text.replace(which, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const INNER = JSON.stringify(SECRET).slice(1, -1);
/** How it may stand in JSON, as it is written by different programs. */
const WRITTEN: readonly (readonly [string, string])[] = [
  ['as JSON.stringify writes it', INNER],
  ['with slashes escaped', INNER.replaceAll('/', '\\/')],
  ['in ASCII', escaped(INNER, /[^ -~]/g)],
  ['safe for HTML', escaped(INNER, /[<>&]/g)],
  ['percent-encoded', encodeURIComponent(SECRET)],
  ['percent-encoded in lower case', encodeURIComponent(SECRET).replace(/%../g, (byte) => byte.toLowerCase())],
  ['in base64', Buffer.from(SECRET).toString('base64')],
  ['in base64url', Buffer.from(SECRET).toString('base64url')],
];

describe.each(WRITTEN)('a secret %s', (_, written) => {
  const bare = written.replace(/=+$/, '');
  const error = `{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Not with ${written}!"}}`;

  test('is masked in an error', async () => {
    expect((await own.json(Buffer.from(error))).toString()).toMatch(/"Not with \[credential\]=*!"/);
    expect(await own.error(error)).not.toContain(bare);
  });

  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('is masked in events with %s, wherever their bytes are split', (_, end) => {
    const line = `data: ${error}${end}${end}`;
    const whole = Buffer.from(`: hello${end}${end}event: message${end}${line}${line}`);
    const expected = pass(own, true, [whole]);
    expect(expected.split('[credential]')).toHaveLength(3);
    for (let at = 0; at <= whole.length; at++) {
      expect(pass(own, true, [whole.subarray(0, at), whole.subarray(at)])).toBe(expected);
    }
    expect(pass(own, true, cutInto(whole.toString(), 1))).toBe(expected);
  });

  test('is masked in a large error, wherever its bytes are split', async () => {
    const padding = 'x'.repeat(70_000);
    for (const [areEvents, head, tail] of [
      [false, '', ''],
      [true, 'data: ', '\n\n'],
    ] as const) {
      const text = `${head}{"id":1,"error":{"code":-32000,"a":"${padding}","b":"${written}","c":"${padding}"}}${tail}`;
      for (const bytes of [1000, 1021, 65_536, 70_060, 70_070]) {
        const passed = pass(own, areEvents, cutInto(text, bytes));
        expect([passed.includes(bare), passed.includes('[credential]')]).toEqual([false, true]);
        expect(passed.replace(/\[credential\]=*/, written)).toBe(text);
      }
    }
  });
});

test.each([
  ['behind its scheme', [HEADER], SECRET],
  ['of a pair of Basic', [{ name: 'authorization', value: `Basic ${btoa('me:of-the-owner')}` }], 'of-the-owner'],
  ['of a URL', [{ name: 'STORE', value: 'postgres://me:of%20the%20owner@host/db' }], 'of the owner'],
])('a secret is found %s', async (_, secrets, secret) => {
  expect(await maskFor(secrets).error(JSON.stringify(`<${secret}>`))).toBe('"<[credential]>"');
});

test('errors are recognised by their members, not by their place', async () => {
  for (const message of [
    errorOf(SECRET),
    { ...errorOf(SECRET), result: null },
    { result: null, ...errorOf(SECRET) },
    resultOf(SECRET, { isError: true }),
    [resultOf('Fine.'), errorOf(SECRET)],
    { of: 'another framework', detail: SECRET },
  ]) {
    const isAlone = Array.isArray(message) || 'error' in message || 'result' in message;
    const text = await jsonOf(own, message);
    expect(text.includes('[credential]')).toBe(isAlone);
    expect(pass(own, true, cutInto(`data: ${JSON.stringify(message)}\n\n`, 5))).toBe(`data: ${text}\n\n`);
  }
});

test('results of an own server are not masked', async () => {
  for (const message of [
    resultOf(SECRET),
    { ...resultOf(SECRET), error: null },
    { jsonrpc: '2.0', method: 'notifications/message', params: { data: SECRET } },
    resultOf(`${'x'.repeat(70_000)}${SECRET}`),
    resultOf(`"error": ${SECRET}`),
  ]) {
    const json = JSON.stringify(message);
    expect(await jsonOf(own, message)).toBe(json);
    expect(pass(own, false, cutInto(json, 1000))).toBe(json);
    expect(pass(own, true, cutInto(`data: ${json}\n\n`, 1000))).toBe(`data: ${json}\n\n`);
  }
});

test('results of servers of the operator are masked for values with names of secrets', async () => {
  const text = await jsonOf(shared, resultOf(`${SECRET} ${SETTING.value}`));
  expect(text).toContain(`[credential] ${SETTING.value}`);
  const large = resultOf(`${'x'.repeat(70_000)}${SECRET} ${SETTING.value}${'x'.repeat(70_000)}`);
  for (const bytes of [1000, 65_536, 70_050]) {
    expect(pass(shared, true, cutInto(`data: ${JSON.stringify(large)}\n\n`, bytes))).toContain(
      `[credential] ${SETTING.value}`,
    );
  }
  expect(await jsonOf(shared, errorOf(`${SECRET} ${SETTING.value}`))).toContain('[credential] [credential]');
});

describe.each([
  ['an own server', () => own],
  ['a shared server', () => shared],
])('a large result of %s', (_, mask) => {
  const LONG = 'x'.repeat(100_000);
  const UNNAMED = `${LONG} ${SETTING.value} ${LONG}`;
  const asEvent = (text: string) => `event: message\ndata: ${text}\n\n`;
  const failed = (text: string) => JSON.stringify(resultOf(text, { isError: true }));
  const succeeded = (text: string) => JSON.stringify(resultOf(text, { structuredContent: { isError: false } }));
  const expectMasked = (text: string, chunks: (text: string) => Buffer[], room?: Room): void => {
    for (const areEvents of [true, false]) {
      const said = areEvents ? asEvent(text) : text;
      expect(pass(mask(), areEvents, chunks(said), room)).toBe(said.replace(SETTING.value, '[credential]'));
    }
  };
  const expectUntouched = (text: string, chunks: (text: string) => Buffer[], room?: Room): void => {
    for (const areEvents of [true, false]) {
      const said = areEvents ? asEvent(text) : text;
      expect(pass(mask(), areEvents, chunks(said), room)).toBe(said);
    }
  };

  test.each([1000, 7777, 65_536, 1_000_000])(
    'counts as an error if isError comes last, in pieces of %i',
    async (bytes) => {
      expectMasked(failed(UNNAMED), (text) => cutInto(text, bytes));
      expectUntouched(succeeded(UNNAMED), (text) => cutInto(text, bytes));
      const both = `${asEvent(failed(UNNAMED))}${asEvent(succeeded(UNNAMED))}${asEvent(failed(UNNAMED))}`;
      const [first, second, third] = pass(mask(), true, cutInto(both, bytes)).split('\n\n');
      expect([first, second, third].map((event) => event?.includes(SETTING.value))).toEqual([false, true, false]);
    },
  );

  test('counts as an error wherever the value and isError are split', async () => {
    const text = failed(UNNAMED);
    const marks = [text.indexOf(SETTING.value), text.indexOf('"isError"')];
    for (const cut of marks.flatMap((mark) => Array.from({ length: 24 }, (_, at) => mark + at - 2))) {
      expectMasked(text, (said) => {
        const at = cut + said.indexOf(text);
        return [Buffer.from(said).subarray(0, at), Buffer.from(said).subarray(at)];
      });
    }
  });

  test('counts as an error if isError comes first, or in a whole body', async () => {
    const first = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { isError: true, content: [{ text: UNNAMED }] } });
    expectMasked(first, (text) => cutInto(text, 5000));
    expect((await mask().json(Buffer.from(failed(UNNAMED)))).toString()).not.toContain(SETTING.value);
    expect((await mask().json(Buffer.from(succeeded(UNNAMED)))).toString()).toContain(SETTING.value);
  });

  test('counts as an error if there is no memory to wait for its end', async () => {
    const asked: number[] = [];
    const room = (bytes: number): boolean => asked.push(bytes) > 0 && bytes < 50_000;
    expectMasked(succeeded(UNNAMED), (text) => cutInto(text, 5000), room);
    expect(Math.max(...asked)).toBeLessThan(60_000);
    expect(asked.at(-1)).toBe(0);
  });

  test('is passed on at once if it contains no secret', async () => {
    const pieces = mask().ofStream(true, () => {
      throw new Error('nothing is to be held');
    });
    const [first = Buffer.alloc(0), ...rest] = cutInto(asEvent(succeeded(`${LONG}${LONG}`)), 80_000);
    expect(Buffer.concat([...pieces.add(first)]).length).toBeGreaterThan(70_000);
    const passed = rest.flatMap((chunk) => [...pieces.add(chunk)]);
    expect(Buffer.concat(passed).length).toBeGreaterThan(100_000);
  });
});

test('an event is passed on as soon as it ends', async () => {
  const pieces = own.ofStream(true, ANY_ROOM);
  const event = `data: ${JSON.stringify(resultOf('Fine.'))}\n\n`;
  expect(Buffer.concat([...pieces.add(Buffer.from(`${event}data: {`))]).toString()).toBe(event);
  expect(Buffer.concat([...pieces.add(Buffer.from('}\n'))]).toString()).toBe('');
  expect(Buffer.concat([...pieces.add(Buffer.from('\n'))]).toString()).toBe('data: {}\n\n');
});

test('values of less than 8 characters or of digits only are not masked', async () => {
  const target = { transport: 'streamable_http', secrets: [{ name: 'key', value: '1234567890' }], isShared: true };
  expect(maskOf(target as unknown as RemoteTarget)).toBeNull();
});

describe('values that the caller has sent are not masked, so that no answer confirms a guess', () => {
  const URL_OF_STORE = { name: 'DATABASE_URI', value: 'postgres://app:Winter2026!@db.internal/x' };
  const guesses = Array.from({ length: 1000 }, (_, at) => `Winter${1500 + at}!`);
  const called = (value: unknown) => ({ name: 'echo', arguments: { value } });

  test.each([
    ['in a list', guesses, guesses],
    ['in one text', guesses.join('\n'), guesses],
    ['in pieces', ['Winter', '2026!'], ['Winter2026!']],
    ['in capitals', 'WINTER2026!', ['Winter2026!']],
    ['with other marks', 'winter-2026-', ['Winter2026!']],
    ['percent-encoded twice', '%2557inter2026!', ['Winter2026!']],
    ['in base64', btoa('Winter2026!'), ['Winter2026!']],
  ])('%s', async (_, sent, repeated) => {
    const mask = maskFor([{ name: 'PASSWORD', value: 'Winter2026!' }, HEADER], true);
    const left = await mask.withoutSent(called(sent));
    for (const message of [
      resultOf(repeated.join('\n')),
      errorOf(repeated.join(' ')),
      errorOf(JSON.stringify(repeated)),
    ]) {
      expect(await jsonOf(left, message)).toBe(JSON.stringify(message));
      expect(pass(left, true, cutInto(`data: ${JSON.stringify(message)}\n\n`, 7))).not.toContain('[credential]');
      expect(await jsonOf(mask, message)).toContain('[credential]');
    }
    expect(await jsonOf(left, errorOf(SECRET))).toContain('[credential]');
  });

  test('the unsent parts of a secret that contains a sent value are masked', async () => {
    const KEY = { name: 'KEY', value: '{"id":"public-id-1","private":"of-the-owner-1"}' };
    const mask = await maskFor([URL_OF_STORE, KEY], true).withoutSent(called(['Winter2026!', 'public-id-1']));
    expect(await mask.error(JSON.stringify(URL_OF_STORE.value))).toBe(JSON.stringify(URL_OF_STORE.value));
    expect(await mask.error(JSON.stringify(KEY.value))).toBe(
      JSON.stringify(KEY.value.replace('of-the-owner-1', '[credential]')),
    );
  });

  test('a sent part of a secret, or another secret, changes nothing', async () => {
    const mask = maskFor([{ name: 'PASSWORD', value: 'Winter2026!' }], true);
    for (const sent of ['Winter202', 'inter2026', '', null, guesses.slice(0, 100)]) {
      expect(await mask.withoutSent(called(sent))).toBe(mask);
    }
  });
});

test('masks of many large secrets are cached while there is room, and made again', async () => {
  const targets = Array.from({ length: 12 }, (_, server) => ({
    secrets: Array.from({ length: 64 }, (_item, at) => ({ name: 'key', value: `${server}/<&"+${at}.>`.repeat(100) })),
    isShared: true,
  })) as unknown as RemoteTarget[];
  const [first] = targets as [RemoteTarget];
  const mask = maskOf(first);
  expect(maskOf(first)).toBe(mask);
  targets.forEach(maskOf);
  expect(maskOf(first)).not.toBe(mask);
  expect(await maskOf(first)?.result(JSON.stringify(first.secrets[5]?.value))).toBe('"[credential]"');
});
