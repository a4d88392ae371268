import { describe, expect, it, test } from 'vitest';
import { countedParsed, largeParsedBytes, parsedBytes, roomInSteps } from '../../src/base/parsed-bytes.ts';

describe('the estimated size of a parsed value', () => {
  test.each<[string, string, number]>([
    ['text, three times', JSON.stringify('x'.repeat(998)), 3000],
    ['many values, each of them', `[${'{},'.repeat(999)}{}]`, 3001 + 64 * 1001],
    ['no more values than are parsed', `[${'{},'.repeat(999)}{}]`, 3001 + 64 * 201],
  ])('%s', (what, text, bytes) => {
    const most = what.startsWith('no more') ? 200 : undefined;
    expect(parsedBytes(text, most)).toBe(bytes);
    expect(parsedBytes(Buffer.from(text), most)).toBe(bytes);
  });

  test.each<[string, string]>([
    ['empty objects', '{}'],
    ['empty lists', '[]'],
    ['lists in lists', '[[]]'],
    ['objects in objects', '{"a":{}}'],
    ['numbers in lists', '[1.5]'],
    ['numbers that keep their digits', '1e999'],
  ])('is close to the real size of a list of %s', (_, item) => {
    const text = `[${Array.from({ length: 50_000 }, () => item).join(',')}]`;
    // Measured with Node 24.
    const measured: Readonly<Record<string, number>> = { '{}': 64, '[]': 40, '[[]]': 96, '{"a":{}}': 96, '[1.5]': 64 };
    expect(parsedBytes(text)).toBeGreaterThanOrEqual(50_000 * (measured[item] ?? 64));
  });

  it('is 0 for values that every piece of work has memory for', () => {
    expect(largeParsedBytes('[1,2,3]')).toBe(0);
    expect(largeParsedBytes(JSON.stringify('x'.repeat(16_000)))).toBe(0);
    expect(largeParsedBytes(`[${'{},'.repeat(700)}{}]`)).toBe(0);
    expect(largeParsedBytes(`[${'{},'.repeat(1000)}{}]`)).toBeGreaterThan(64_000);
    expect(largeParsedBytes(JSON.stringify('x'.repeat(17_000)))).toBeGreaterThan(50_000);
    expect([countedParsed(48 * 1024), countedParsed(48 * 1024 + 1)]).toEqual([0, 48 * 1024 + 1]);
  });
});

describe('roomInSteps', () => {
  it('reserves the needed bytes first, and larger steps afterwards', async () => {
    const asked: number[] = [];
    const roomFor = roomInSteps(async (bytes) => void asked.push(bytes));
    for (const bytes of [1000, 1001, 2000, 1001 + 64 * 1024, 1002 + 64 * 1024]) {
      await roomFor(bytes);
    }
    expect(asked).toEqual([1000, 1001 + 64 * 1024, 1002 + 128 * 1024]);
  });

  it('asks again after a refusal', async () => {
    const asked: number[] = [];
    const roomFor = roomInSteps(async (bytes) => {
      if (asked.push(bytes) === 1) {
        throw new Error('none');
      }
    });
    await expect(roomFor(5)).rejects.toThrow('none');
    await roomFor(5);
    expect(asked).toEqual([5, 5]);
  });
});
