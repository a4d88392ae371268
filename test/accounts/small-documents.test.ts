import { expect, test } from 'vitest';
import { importDocument } from '../../src/accounts/documents.ts';
import { documentOf } from '../support/accounts.ts';
import { anyRoom } from '../support/any-room.ts';

/** Makes the tool of a document of more than so many bytes for an organization. */
const importFor = async (organizationId: string, moreBytes: number) => {
  const examples = Array.from({ length: moreBytes / 8 }, (_, index) => index + 1e6);
  const bytes = new TextEncoder().encode(
    JSON.stringify({ ...documentOf({ 'GET /pets': {} }), 'x-examples': examples }),
  );
  const settings = { outputSchemas: 'loose', undocumented: 'skip', naming: 2 } as const;
  const fields = { organizationId, name: 'pets', toolTags: {}, ...settings };
  const document = { bytes, url: null, path: ['document'] };
  const memory = { signal: new AbortController().signal, reach: anyRoom };
  return (await importDocument(document, fields, undefined, memory)).facts.toolCount;
};

test('a small document does not wait for large ones of other organizations', async () => {
  expect(await importFor('own', 0)).toBe(1);
  const done: string[] = [];
  const large = ['a', 'b', 'c', 'd', 'e', 'f'].map(async (owner) => {
    expect(await importFor(owner, 4_000_000)).toBe(1);
    done.push(owner);
  });
  // The others are waiting by then.
  await Promise.race(large);
  expect(await importFor('own', 0)).toBe(1);
  expect(done.length).toBeLessThan(5);
  await Promise.all(large);
});
