import { expect, test } from 'vitest';
import { visibleText } from '../../src/base/visible-text.ts';

test.each([
  ['a right-to-left override', 'a\u202eb', 'a\\u202eb'],
  ['an isolate', '\u2066x\u2069', '\\u2066x\\u2069'],
  ['a zero width space and joiner', 'pay\u200bpal\u200d', 'pay\\u200bpal\\u200d'],
  ['a soft hyphen', 'de\u00adlete', 'de\\u00adlete'],
  ['controls of both sets', '\u001b[2J\u009b\0\u007f', '\\u001b[2J\\u009b\\u0000\\u007f'],
  ['a carriage return', 'yes\rno', 'yes\\u000dno'],
  ['separators of lines', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['a tag character, which hides text', '\u{e0041}', '\\udb40\\udc41'],
  ['a variation selector', 'x\ufe0f', 'x\\ufe0f'],
  ['a half surrogate', 'x\ud800', 'x\\ud800'],
  ['a private character', '\ue000', '\\ue000'],
  ['blanks that are no space', 'a\u00a0b\u2003c\u2800d e', 'a\\u00a0b\\u2003c\\u2800d e'],
  ['a Hangul filler', '\u3164', '\\u3164'],
  ['what people write', 'Ünïcode 文件 💥 é', 'Ünïcode 文件 💥 é'],
])('%s', (_, text, visible) => {
  expect(visibleText(text)).toBe(visible);
});

test('line ends stay where they are wanted', () => {
  expect(visibleText('a\nb\rc', true)).toBe('a\nb\\u000dc');
  expect(visibleText('a\nb')).toBe('a\\u000ab');
});
