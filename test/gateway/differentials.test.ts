import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askOnce } from '../support/ask-once.ts';
import { META } from '../support/eras.ts';
import { type LenientServer, startLenientServer } from '../support/lenient-server.ts';
import { mintOver } from '../support/minted.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** The members of `params` that come with every message of an era: none, or the envelope. */
type Body = (meta: string) => string | Buffer<ArrayBuffer>;

/** A call with these members of `params`; the meta, where there is one, ends them. */
const params =
  (members: string, method = '"method":"tools/call"'): Body =>
  (meta) =>
    `{"jsonrpc":"2.0","id":1,${method},"params":{${members}${meta}}}`;
const args = (text: string): Body => params(`"name":"allowed","arguments":${text}`);
const around =
  (change: (call: string) => ReturnType<Body>): Body =>
  (meta) =>
    change(String(params('"name":"forbidden"')(meta)));
const inEnvelope = (members: string): Body => around((call) => call.replace('"id":1', `"id":1,${members}`));
const inEnvelopeOf =
  (text: string, members: string): Body =>
  (meta) =>
    String(args(text)(meta)).replace('"id":1', `"id":1,${members}`);
const nested = (open: string, close: string, levels: number): Body =>
  args(`{"a":${open.repeat(levels)}1${close.repeat(levels)}}`);
const named = (bytes: number[]): Body =>
  around((call) => {
    const [before = '', after = ''] = call.split('forbidden');
    return Buffer.concat([Buffer.from(`${before}forbidden`), Buffer.from(bytes), Buffer.from(after)]);
  });
const LARGEST = 4 * 1024 * 1024;
const ofSize =
  (bytes: number): Body =>
  (meta) => {
    const empty = String(args('{"a":""}')(meta));
    return empty.replace('"a":""', `"a":"${'x'.repeat(bytes - empty.length)}"`);
  };

const REFUSED: readonly (readonly [title: string, body: Body])[] = [
  ['a hidden tool', params('"name":"forbidden"')],
  ['its name last', params('"name":"allowed","name":"forbidden"')],
  ['its name first', params('"name":"forbidden","name":"allowed"')],
  ['its name in an escaped member', params('"name":"allowed","n\\u0061me":"forbidden"')],
  ['its name in an escaped member, first', params('"\\u006eame":"forbidden","name":"allowed"')],
  ['Name beside name', params('"name":"allowed","Name":"forbidden"')],
  ['NAME before name', params('"NAME":"forbidden","name":"allowed"')],
  ['NAME alone', params('"NAME":"forbidden"')],
  ['arguments twice', params('"name":"allowed","arguments":{},"arguments":{"a":1}')],
  ['ARGUMENTS beside arguments', params('"name":"allowed","arguments":{},"ARGUMENTS":{"a":1}')],
  ['a long s, which folds to s', params('"name":"allowed","arguments":{},"argument\u017f":{"a":1}')],
  ['a long s, escaped', params('"name":"allowed","arguments":{},"argument\\u017f":{"a":1}')],
  ['_meta twice', params('"name":"allowed","_meta":{},"_meta":{}')],
  ['params twice', inEnvelope('"params":{"name":"allowed"}')],
  ['PARAMS beside params', inEnvelope('"PARAMS":{"name":"allowed"}')],
  ['PARAM\u017f beside params, which folds to it', inEnvelopeOf('{}', '"PARAM\u017f":{"name":"forbidden"}')],
  ['Params alone', around((call) => call.replace('params', 'Params'))],
  ['params in a list', around((call) => call.replace('"params":', '"params":[').replace(/}$/, ']}'))],
  ['method twice, the call first', around((call) => call.replace(/}$/, ',"method":"tools/list"}'))],
  ['method twice, the call last', inEnvelope('"method":"ping","method":"tools/call"')],
  ['Method beside method', inEnvelope('"Method":"tools/list"')],
  ['METHOD beside another method', params('"name":"forbidden"', '"method":"ping","METHOD":"tools/call"')],
  ['METHOD alone', params('"name":"forbidden"', '"METHOD":"tools/call"')],
  ['METHOD in what looks like an answer', params('"name":"forbidden"', '"result":{},"METHOD":"tools/call"')],
  ['an escaped METHOD', params('"name":"forbidden"', '"method":"ping","M\\u0045THOD":"tools/call"')],
  ['another case of the method', params('"name":"forbidden"', '"method":"Tools/Call"')],
  ['id twice', inEnvelope('"id":2')],
  ['jsonrpc twice', inEnvelope('"jsonrpc":"2.0"')],
  ['a call without id, as a notification', around((call) => call.replace('"id":1,', ''))],
  ['a batch', around((call) => `[${call}]`)],
  ['a batch that begins well', around((call) => `[{"jsonrpc":"2.0","id":0,"method":"tools/list"},${call}]`)],
  ['a batch of batches', around((call) => `[[${call}]]`)],
  ['two messages', (meta) => `${args('{}')(meta)}\n${params('"name":"forbidden"')(meta)}`],
  ['something behind the message', around((call) => `${call}]`)],
  ['no end', around((call) => call.slice(0, -1))],
  ['a byte that is no UTF-8', named([0xff])],
  ['an overlong encoding', named([0xc1, 0xa4])],
  ['a surrogate as bytes', named([0xed, 0xa0, 0x80])],
  ['a NUL', named([0])],
  ['an escaped NUL', params('"name":"forbidden\\u0000"')],
  ['a byte order mark before a hidden tool', around((call) => `\uFEFF${call}`)],
  ['UTF-16', around((call) => Buffer.from(call, 'utf16le'))],
  ['a comment', around((call) => call.replace('{', '{/* hello */'))],
  ['a comment that hides a name', params('"name":"allowed"/*,"name":"forbidden"*/')],
  ['a line comment', around((call) => `// hello\n${call}`)],
  ['a trailing comma', around((call) => call.replace(/}$/, ',}'))],
  ['single quotes', around((call) => call.replaceAll('"', "'"))],
  ['names without quotes', around((call) => call.replaceAll(/"(\w+)":/g, '$1:'))],
  ['what is no number', args('{"a":NaN}')],
  ['another case', params('"name":"FORBIDDEN"')],
  ['spaces', params('"name":" forbidden "')],
  ['a list of names', params('"name":["forbidden"]')],
  ['a list of the name that is shown', params('"name":["allowed"]')],
  ['a prototype with its name', params('"__proto__":{"name":"forbidden"}')],
  [
    'a prototype with params',
    params('"name":"toString"', '"method":"tools/call","__proto__":{"params":{"name":"forbidden"}}'),
  ],
  ['a name that every object has', params('"name":"constructor"')],
  ['lists, 10,000 deep', nested('[', ']', 10_000)],
  ['objects, 10,000 deep', nested('{"a":', '}', 10_000)],
  ['lists, 300 deep', nested('[', ']', 300)],
  ['10,000 lists that do not end', nested('[', '', 10_000)],
  ['a byte more than 4 MiB', ofSize(LARGEST + 1)],
];

/** What is answered under an id, and what arrives of it. */
const ARRIVES: readonly (readonly [title: string, body: Body, arrives?: string])[] = [
  ['nothing special', args('{"a":1}')],
  ['a large integer', args('{"a":123456789012345678901234567890}')],
  ['integers that a double misses', args('{"a":[9007199254740993,-9007199254740993]}')],
  ['other ways to write numbers', args('{"a":[1.0,-0,1e400,-1E400,1E5,1e-7,0.10,5e-324,1e-999]}')],
  ['a number with more digits than a double', args('{"a":3.14159265358979323846264338327950288}')],
  ['a lone surrogate, escaped', args('{"a":"\\ud800"}')],
  ['an emoji, escaped', args('{"a":"\\ud83d\\ude00"}'), '{"a":"😀"}'],
  ['a prototype', args('{"__proto__":{"name":"forbidden"},"constructor":{"prototype":{"a":1}}}')],
  ['a whole message in the arguments', args('{"method":"tools/call","params":{"name":"forbidden"}}')],
  ['members of any case in the arguments', args('{"a":1,"A":2}')],
  ['members that stand twice in the arguments', args('{"a":1,"a":9007199254740993}'), '{"a":9007199254740993}'],
  ['an escaped name', params('"n\\u0061me":"\\u0061llowed","arguments":{"a":1}'), '{"a":1}'],
  ['spaces', args(' {\n "a" : [ 1 , 2 ]\t} '), '{"a":[1,2]}'],
  ['a member that no message has', inEnvelopeOf('{"a":1}', '"parameters":{"name":"forbidden"}')],
  ['lists, 190 deep', nested('[', ']', 190)],
  ['exactly 4 MiB', ofSize(LARGEST)],
  [
    'a byte order mark',
    around((call) => `\uFEFF${call.replace('"forbidden"', '"allowed","arguments":{"a":1}')}`),
    '{"a":1}',
  ],
];

const IDS = ['9007199254740993', '-0', '1.0', '1e400', 'null', '"\\ud800"', '""'];

const STATELESS = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call' };

let gateway: TestServer;
let server: LenientServer;
let url: string;
let session: string;
beforeAll(async () => {
  server = await startLenientServer(['allowed', 'forbidden']);
  gateway = await startTestServer({ env: { GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } });
  ({ url } = await mintOver(gateway, server.url, { config: { methods: ['allowed'] } }));
  const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } };
  const begun = await askOnce(url, 'post', '', { body: initialize });
  session = String(begun.headers.get('mcp-session-id'));
});
afterAll(async () => {
  await gateway.stop();
  await server.stop();
});
beforeEach(() => {
  server.calls.length = 0;
});

const META_MEMBER = `,"_meta":${JSON.stringify(META)}`;
const HIDDEN_HEADER = 'in 2026-07-28, the header naming what is hidden';
const WAYS: readonly (readonly [way: string, headers: () => Record<string, string>, meta: string])[] = [
  ['in a session of its own', () => ({ 'Mcp-Session-Id': session }), ''],
  ['without a session', () => ({}), ''],
  ['in 2026-07-28', () => ({ ...STATELESS, 'Mcp-Name': 'allowed' }), META_MEMBER],
  [HIDDEN_HEADER, () => ({ ...STATELESS, 'Mcp-Name': 'forbidden' }), META_MEMBER],
];

const send = (body: ReturnType<Body>, headers: Record<string, string>) => askOnce(url, 'post', '', { headers, body });
const called = () => server.calls.map(({ tools }) => [...tools]);

describe.each(WAYS)('%s', (_, headers, meta) => {
  test.each(REFUSED)('nothing runs: %s', async (_, body) => {
    const { status, text } = await send(body(meta), headers());
    expect(called()).toEqual([]);
    expect([status, text]).toEqual(status === 202 ? [202, ''] : [status, expect.stringContaining('"error":')]);
  });
});

describe.each(WAYS.filter(([way]) => way !== HIDDEN_HEADER))('%s', (_, headers, meta) => {
  for (const [title, body, arrives] of ARRIVES) {
    test(`listed tools run: ${title}`, async () => {
      const sent = String(body(meta));
      const { status, text } = await send(sent, headers());
      expect([status, text]).toEqual([200, expect.stringContaining('"ok"')]);
      expect(called()).toEqual([['allowed']]);
      const expected = arrives ?? /"arguments":(.*?)(?:,"_meta":.*)?\}\}$/s.exec(sent)?.[1] ?? '';
      const received = server.calls[0]?.body ?? '';
      // Compared without a matcher, whose message would show all of 4 MiB.
      expect(received.includes(`"arguments":${expected}`) ? '' : received.slice(0, 1000)).toBe('');
    });
  }

  test.each(IDS)('the answer has the id %s as written', async (id) => {
    const { text } = await send(String(args('{}')(meta)).replace('"id":1', `"id":${id}`), headers());
    expect(text).toContain(`"id":${id},`);
    expect(called()).toEqual([['allowed']]);
  });
});
