import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { derive } from '../../src/tools/derive.ts';
import { type SearchedTool, SearchIndex } from '../../src/tools/search-index.ts';
import { QUESTIONS } from '../gateway/support/questions.ts';
import { hasFixtures, readFixture } from './support/fixtures.ts';

const OWN_DOCUMENT = new URL('../../generated/openapi.json', import.meta.url);

const indexOf = (tools: readonly Partial<SearchedTool>[]): SearchIndex => {
  const index = new SearchIndex(null);
  for (const tool of tools) {
    const blank = {
      name: '',
      resource: '',
      method: '',
      tags: [],
      description: '',
      argumentNames: [],
      isReadOnly: false,
    };
    index.add({ ...blank, ...tool });
  }
  return index;
};
const namesFor = async (index: SearchIndex, query: string): Promise<string[]> =>
  (await index.search(query)).map(({ name }) => name);

/** How many of the questions about a document have the tool that is meant among the first five. */
async function answered(integration: keyof typeof QUESTIONS, document: string): Promise<number> {
  const { tools } = derive(document, { integration });
  const index = indexOf(
    tools.map((tool) => ({ ...tool, argumentNames: Object.keys(tool.inputSchema.properties ?? {}) })),
  );
  let found = 0;
  for (const [question, operation] of QUESTIONS[integration]) {
    const meant = tools.find(({ verb, request }) => `${verb} ${request.path}` === operation)?.name;
    expect(meant, operation).toBeDefined();
    found += (await namesFor(index, question)).slice(0, 5).includes(String(meant)) ? 1 : 0;
  }
  return found;
}

describe('the frozen questions', () => {
  it('find the tool that is meant among the first five, for 20 of 25 over the document of Gatehouse', async () => {
    expect(QUESTIONS.gatehouse).toHaveLength(25);
    expect(await answered('gatehouse', readFileSync(OWN_DOCUMENT, 'utf8'))).toBeGreaterThanOrEqual(20);
  });

  it.runIf(hasFixtures)('find it for 40 of 50 over both documents', async () => {
    expect(QUESTIONS['github-ghes']).toHaveLength(25);
    const own = await answered('gatehouse', readFileSync(OWN_DOCUMENT, 'utf8'));
    expect(own + (await answered('github-ghes', readFixture('github-ghes.openapi.json')))).toBeGreaterThanOrEqual(40);
  });
});

describe('SearchIndex', () => {
  it.each<[string, Partial<SearchedTool>, string]>([
    ['a word of the name', { name: 'list_all_crm_contacts' }, 'contacts'],
    ['a word inside a name in camel case', { name: 'getHTTPServerStatus2Go' }, 'server'],
    ['the resource', { resource: 'contacts' }, 'contact'],
    ['the method', { method: 'archive' }, 'archive'],
    ['a tag', { tags: ['billing'] }, 'billing'],
    ['a word of the description', { description: 'Sends an e-mail to a person.' }, 'mail'],
    ['the name of an argument', { argumentNames: ['postalCode'] }, 'postal code'],
    ['another case', { description: 'INVOICES' }, 'invoice'],
    ['the plural for the singular', { description: 'one company' }, 'companies'],
    ['the singular for the plural', { description: 'all companies' }, 'company'],
    ['the beginning of a word', { description: 'suspended users' }, 'suspend'],
    ['a letter wrong', { description: 'the calendar' }, 'calender'],
    ['another script', { description: 'Создать контакт' }, 'контакт'],
    ['marks', { description: 'Größe ändern' }, 'größe'],
    ['a name of an object in JavaScript', { description: '__proto__ constructor' }, 'constructor'],
  ])('finds %s', async (_, tool, query) => {
    const index = indexOf([{ name: 'other', description: 'nothing' }, { name: 'meant', ...tool }, { name: 'third' }]);
    expect(await namesFor(index, query)).toEqual([tool.name ?? 'meant']);
  });

  it.each(['', '   ', 'the of and', '!?#', '_-_'])('finds nothing for %j', async (query) => {
    expect(await namesFor(indexOf([{ name: 'a', description: 'the of and' }]), query)).toEqual([]);
  });

  it('puts a tool with all words before one with one of them often', async () => {
    const index = indexOf([
      { name: 'often', description: 'invoice invoice invoice invoice' },
      { name: 'both', description: 'send an invoice' },
    ]);
    expect(await namesFor(index, 'send invoice')).toEqual(['both', 'often']);
  });

  it('reads the first 12 words of a query that are not empty of content', async () => {
    const index = indexOf([{ name: 'late', description: 'zebra' }]);
    const others = Array.from({ length: 11 }, (_, at) => `qqq${at}`).join(' the ');
    expect(await namesFor(index, `${others} zebra`)).toEqual(['late']);
    expect(await namesFor(index, `${others} qqq11 zebra`)).toEqual([]);
    expect(await namesFor(index, `${'zebra '.repeat(100_000)}`)).toEqual(['late']);
  });

  it('shows the first line of a description, cut, and counts its memory', () => {
    const index = indexOf([{ name: 'a', description: `  ${'x'.repeat(300)}\nmore`, isReadOnly: true, resource: 'r' }]);
    expect(index.tools).toEqual([{ name: 'a', resource: 'r', isReadOnly: true, summary: `${'x'.repeat(200)}…` }]);
    expect(index.bytes).toBeGreaterThan(1000);
  });

  it('looks up a bounded number of places for a word, and lets others work between two words', async () => {
    // All words are alike: they begin in the same way, and differ in the last letters.
    const words = (tool: number) =>
      Array.from({ length: 100 }, (_, at) => `qqqqqqq${(at * 7 + tool) % 1000}`).join(' ');
    const index = indexOf(Array.from({ length: 1000 }, (_, at) => ({ name: `t${at}`, description: words(at) })));
    let turns = 0;
    const counting = setInterval(() => turns++);
    expect((await namesFor(index, 'qqqq')).length).toBeGreaterThan(0);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(2);
  });

  it('finds by the words that are most alike where there are too many, and not by a word in most places', async () => {
    const common = Array.from({ length: 90 }, () => 'invoices').join(' ');
    const index = indexOf([
      ...Array.from({ length: 230 }, (_, at) => ({ name: `t${at}`, description: common })),
      { name: 'near', description: 'invoiced' },
    ]);
    expect(await namesFor(index, 'invoice')).toEqual(['near']);
    expect(await namesFor(index, 'invoic')).toEqual(['near']);
  });

  it('keeps at most 20,000 different words, and finds later tools by words that it knows', async () => {
    const index = indexOf([
      ...Array.from({ length: 210 }, (_, at) => ({
        name: `tool${at}`,
        description: Array.from({ length: 100 }, (_, word) => `w${at}x${word}`).join(' '),
      })),
      { name: 'last', description: 'tool0 brandnew' },
    ]);
    expect(await namesFor(index, 'brandnew')).toEqual([]);
    expect(await namesFor(index, 'tool0')).toContain('last');
    expect(index.bytes).toBeLessThan(20 * 1024 * 1024);
  });
});
