import { expect, test } from 'vitest';
import { writeJsonPieces } from '../../src/base/json-pieces.ts';
import { MemoryBudget } from '../../src/base/memory-budget.ts';
import { turnsDuring } from '../support/event-loop.ts';
import { hold } from '../support/hold.ts';

test('other work runs between slow items, however short their text is', async () => {
  const budget = new MemoryBudget({ totalBytes: 1024 * 1024, patienceMs: 10 });
  using held = budget.hold('org', 'answers', 0);
  function* items(): Generator<object> {
    for (let index = 0; index < 20; index += 1) {
      hold(2);
      yield { index };
    }
  }
  const { result, turns } = await turnsDuring(() => writeJsonPieces(items(), held, new AbortController().signal));
  expect(JSON.parse(Buffer.concat(result.pieces).toString())).toHaveLength(20);
  expect(turns).toBeGreaterThanOrEqual(19);
});
