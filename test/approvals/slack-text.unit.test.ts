import { expect, it } from 'vitest';
import { quoteForSlack, slackText } from '../../src/approvals/slack-text.ts';

it.each([
  ['words', 'send_mail', '`send_mail`'],
  ['a mention', '<!channel> <@U1>', '`&lt;!channel&gt; &lt;@U1&gt;`'],
  ['a link', '<https://evil.example|approve>', '`&lt;https://evil.example|approve&gt;`'],
  ['an entity', '&lt;!here&gt;', '`&amp;lt;!here&amp;gt;`'],
  ['the end of code', '`*bold*` https://evil.example', '`ˋ*bold*ˋ https://evil.example`'],
  ['several lines', 'a\nb\r\n> c', '`a\\u000ab\\u000d\\u000a&gt; c`'],
  ['a change of direction', 'a\u202egpj.exe', '`a\\u202egpj.exe`'],
  ['what nobody sees', 'a\u200bb\u0000\u2028\u3164\ufe0f', '`a\\u200bb\\u0000\\u2028\\u3164\\ufe0f`'],
  ['half a character', 'a\ud800', '`a\\ud800`'],
  ['nothing', '', '` `'],
])('shows %s as they are', (_, text, shown) => {
  expect(quoteForSlack(text)).toBe(shown);
});

it('writes a test event', () => {
  expect(slackText({ type: 'webhook.test', data: { organization_id: 'org_1' } })).toBe(
    'Gatehouse: `webhook.test` of `org_1`',
  );
});

const EVENT = {
  type: 'approval.decided',
  data: {
    id: 'apr_1',
    url: 'https://gatehouse.example.com/console/approvals/apr_1',
    status: 'denied',
    tool_name: '<!channel>',
    server_name: 'a`b',
    endpoint: { name: 'x' },
    decisions: [{ decision: 'deny', by: { name: '<@U1>' }, reason: 'no\nway' }],
  },
};

it('writes who decided what, with foreign names as code', () => {
  expect(slackText(EVENT).split('\n')).toEqual([
    'Gatehouse: `denied`, the call of `&lt;!channel&gt;` of `aˋb` through `x`',
    '`deny` by `&lt;@U1&gt;`: `no\\u000away`',
    '`apr_1` <https://gatehouse.example.com/console/approvals/apr_1>',
  ]);
});

it('says how many approvals are there where one is not enough', () => {
  const data = {
    ...EVENT.data,
    status: 'pending',
    required_approvals: 2,
    decisions: [{ decision: 'approve', by: {} }],
  };
  expect(slackText({ ...EVENT, data })).toContain('\n1 of 2 approvals\n');
});

it('shows arguments whole or not at all', () => {
  const withArguments = (args: unknown) => slackText({ ...EVENT, data: { ...EVENT.data, arguments: args } });
  expect(withArguments({ a: '`x`' })).toContain('Arguments: `{"a":"ˋxˋ"}`');
  expect(withArguments(null)).toContain('Arguments: `null`');
  const long = withArguments({ a: 'x'.repeat(2000) });
  expect(long).toContain('Arguments of 2008 characters: read them');
  expect(long).not.toContain('xxx');
});
