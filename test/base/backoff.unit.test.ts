import { expect, test } from 'vitest';
import { createBackoff } from '../../src/base/backoff.ts';

test('the waits grow to the maximum, each shortened by up to half, and reset starts again from the first', () => {
  const backoff = createBackoff(100, 350);
  for (const most of [100, 200, 350, 350]) {
    const waitMs = backoff.nextMs();
    expect(waitMs).toBeGreaterThan(most / 2 - 1);
    expect(waitMs).toBeLessThanOrEqual(most);
  }
  backoff.reset();
  expect(backoff.nextMs()).toBeLessThanOrEqual(100);
});
