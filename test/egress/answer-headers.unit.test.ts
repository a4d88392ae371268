import { describe, expect, test } from 'vitest';
import { singleHeaders } from '../../src/egress/answer-headers.ts';

describe('each header becomes one text', () => {
  test('headers without repetition are not copied', () => {
    const headers = { 'content-type': 'text/plain', 'x-a': '1' };
    expect(singleHeaders(headers)).toBe(headers);
  });

  test.each(['content-type', 'content-length', 'location', 'mcp-session-id', 'set-cookie', 'x-any', '__proto__'])(
    'equal values of %s count as one',
    (name) => {
      const received = JSON.parse(JSON.stringify({ a: 'b' }));
      Object.defineProperty(received, name, { value: ['same', 'same', 'same'], enumerable: true });
      expect(Object.getOwnPropertyDescriptor(singleHeaders(received), name)?.value).toBe('same');
    },
  );

  test.each(['set-cookie', 'content-encoding', 'retry-after', 'x-any'])('different values of %s are joined', (name) => {
    expect(singleHeaders({ [name]: ['one', 'two', 'one'] })[name]).toBe('one, two');
  });

  test.each(['content-type', 'content-length', 'location', 'mcp-session-id'])(
    'different values of %s are a failure that names it',
    (name) => {
      expect(() => singleHeaders({ [name]: ['one', 'two'] })).toThrow(expect.objectContaining({ header: name }));
    },
  );
});
