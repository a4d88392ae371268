import { expect, it } from 'vitest';
import { quoteForSlack, slackText } from '../../src/approvals/slack-text.ts';

it.each([
  ['words', 'send_mail', '`send_mail`'],
  ['a mention', '<!channel> <@U1>', '`&lt;!channel&gt; &lt;@U1&gt;`'],
  ['a link', '<https://evil.example|approve>', '`&lt;https://evil.example|approve&gt;`'],
  ['an entity', '&lt;!here&gt;', '`&amp;lt;!here&amp;gt;`'],
  ['the end of code', '`*bold*` https://evil.example', '`ˋ*bold*ˋ https://evil.example`'],
  ['several lines', 'a\nb\r\n> c', '`a\\u{a}b\\u{d}\\u{a}&gt; c`'],
  ['a change of direction', 'a\u202egpj.exe', '`a\\u{202e}gpj.exe`'],
  ['what nobody sees', 'a\u200bb\u0000\u2028', '`a\\u{200b}b\\u{0}\\u{2028}`'],
  ['half a character', 'a\ud800', '`a\ufffd`'],
  ['nothing', '', '` `'],
])('shows %s as they are', (_, text, shown) => {
  expect(quoteForSlack(text)).toBe(shown);
});

it('writes a test event', () => {
  const payload = JSON.stringify({ type: 'webhook.test', timestamp: 'x', data: { organization_id: 'org_1' } });
  expect(slackText(payload)).toBe('Gatehouse: `webhook.test` of `org_1`');
});
