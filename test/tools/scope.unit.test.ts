import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { matches, methodsAndTagsOf, type Scope, type Scoped, selectTools } from '../../src/tools/scope.ts';
import { expectedOf, TAG_FILTERS, TAGS, WORDS } from './support/scope-oracle.ts';

const METHODS = ['list', 'get', 'create', 'update', 'delete', 'search', 'Download_File', 'post', 'custom'];
const VERBS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', undefined];

/** 200 tools: every method with every verb and with none, and sets of tags in turn. */
const TOOLS: readonly Scoped[] = Array.from({ length: 200 }, (_, index) => {
  const verb = VERBS[index % VERBS.length];
  return {
    method: METHODS[Math.floor(index / VERBS.length) % METHODS.length] ?? '',
    ...(verb === undefined ? {} : { verb }),
    tags: TAGS.filter((_tag, bit) => (index * 7) & (1 << bit)),
  };
});
describe('a scope selects the documented tools', () => {
  it('for no word, each word and each pair of words, with every choice of tags', () => {
    const methodFilters: Scope[] = [
      {},
      { methods: [] },
      ...WORDS.flatMap((a) => [{ methods: [a] }, ...WORDS.map((b) => ({ methods: [a, b] }))]),
    ];
    let selected = 0;
    for (const methods of methodFilters) {
      for (const tags of TAG_FILTERS) {
        const scope = { ...methods, ...tags };
        const found = TOOLS.filter((tool) => matches(tool, scope));
        const expected = expectedOf(TOOLS, scope);
        selected += found.length;
        // Half a million comparisons by `expect` would take a minute.
        if (found.length !== expected.length || found.some((tool, index) => tool !== expected[index])) {
          expect(found, JSON.stringify(scope)).toEqual(expected);
        }
      }
    }
    expect(selected).toBeGreaterThan(10_000);
  });

  it('for any choice of words and tags', () => {
    fc.assert(
      fc.property(
        fc.option(fc.array(fc.constantFrom(...WORDS)), { nil: undefined }),
        fc.option(fc.subarray([...TAGS, 'unknown']), { nil: undefined }),
        (methods, tags) => {
          const scope = { methods, tags };
          expect(selectTools(TOOLS, scope)).toEqual(expectedOf(TOOLS, scope));
        },
      ),
    );
  });
});

describe('by example', () => {
  const get: Scoped = { method: 'get', verb: 'GET', tags: ['crm'] };
  const search: Scoped = { method: 'search_contacts', verb: 'POST', tags: [] };
  const remote: Scoped = { method: 'list', tags: ['crm', 'cheap'] };

  test.each<[string, Scope, Scoped[]]>([
    ['no filter', {}, [get, search, remote]],
    ['a verb, upper-case: never a tool without a verb', { methods: ['GET'] }, [get]],
    ['the same word otherwise: the method', { methods: ['Get'] }, [get]],
    ['a group', { methods: ['READ'] }, [get, remote]],
    ['everything else', { methods: ['custom'] }, [search]],
    ['a custom method, in any case', { methods: ['SEARCH_contacts'] }, [search]],
    ['the example of the seed', { methods: ['GET', 'POST', 'READ', 'DOWNLAOD'] }, [get, search, remote]],
    ['any tag', { tags: ['cheap', 'x'] }, [remote]],
    ['tags in their case', { tags: ['CRM'] }, []],
    ['methods AND tags', { methods: ['GET', 'custom'], tags: ['crm'] }, [get]],
    ['empty lists', { methods: [] }, []],
    ['empty tags', { tags: [] }, []],
  ])('%s', (_, scope, expected) => {
    expect(selectTools([get, search, remote], scope)).toEqual(expected);
  });

  it('methodsAndTagsOf lists the available words', () => {
    expect(methodsAndTagsOf([search, remote, get, get])).toEqual({
      methods: ['get', 'list', 'search_contacts'],
      tags: ['cheap', 'crm'],
    });
    expect(methodsAndTagsOf([])).toEqual({ methods: [], tags: [] });
  });
});
