import { expect, test } from 'vitest';
import { createBackoff } from '../../src/base/backoff.ts';

test('waits grow to the longest, each shortened by up to half, and begin anew', () => {
  const backoff = createBackoff(100, 350);
  for (const most of [100, 200, 350, 350]) {
    const waitMs = backoff.nextMs();
    expect(waitMs).toBeGreaterThan(most / 2 - 1);
    expect(waitMs).toBeLessThanOrEqual(most);
  }
  backoff.reset();
  expect(backoff.nextMs()).toBeLessThanOrEqual(100);
});
