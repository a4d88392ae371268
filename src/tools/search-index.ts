import MiniSearch, { type SearchResult } from 'minisearch';
import { createYielding } from '../base/event-loop-turns.ts';
import type { Scoped } from './scope.ts';

/** The parts of a tool that a search looks at. */
export type SearchedTool = Pick<Scoped, 'method' | 'tags'> & {
  readonly name: string;
  readonly resource: string;
  readonly description: string;
  readonly argumentNames: readonly string[];
  readonly isReadOnly: boolean;
};

/** A tool as a search shows it. */
export type FoundTool = Pick<SearchedTool, 'name' | 'resource' | 'isReadOnly'> & {
  /** The first line of the description, cut. */
  readonly summary: string;
};

/** The maximum number of characters of a text, and of tags and argument names of a tool, that are searched. */
const MAX_SEARCHED_CHARS = 1000;
const MAX_LISTED_WORDS = 100;
/** The maximum number of different words in an index. Texts of services have a few thousand. */
const MAX_WORDS = 20_000;
/** The maximum number of characters of a summary, and of words of a query that count. */
const MAX_SUMMARY_CHARS = 200;
const MAX_QUERY_WORDS = 12;
/** The size of a tool, of a different word, and of a place of a word in an index, in bytes; measured. */
const TOOL_BYTES = 1024;
const WORD_BYTES = 768;
const PLACE_BYTES = 48;

/** Words that say nothing about a tool. */
const IGNORED = new Set(
  'a an and are as at be by can do does for from had has have how i if in is it its me my of on or our so that the their them there these this to was we were what when where which who whose will with would you your'.split(
    ' ',
  ),
);

/**
 * A search for tools by words: over names, resources, methods, tags, descriptions and the names of arguments. A word also
 * finds words that begin with it. If there are none, it finds words that differ from it in one letter.
 */
export class SearchIndex {
  readonly #holder: string | null;
  readonly #tools: FoundTool[] = [];
  readonly #words = new Set<string>();
  readonly #index = new MiniSearch({
    fields: ['name', 'resource', 'method', 'tags', 'description', 'argumentNames'],
    tokenize: wordsOf,
    processTerm: (word) => this.#note(plainWord(word)),
    searchOptions: {
      boost: { name: 3, resource: 3, method: 2, tags: 1.5, description: 2, argumentNames: 0.5 },
      prefix: (word) => word.length > 3,
      tokenize: (word) => [word],
      processTerm: (word) => word,
    },
  });
  #bytes = 0;

  /** `holder` is the organization that a search works for. */
  constructor(holder: string | null) {
    this.#holder = holder;
  }

  /** The approximate size of the index in memory, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All tools, in the order in which they were added. */
  get tools(): readonly FoundTool[] {
    return this.#tools;
  }

  /** Adds a tool. */
  add({ name, resource, method, tags, description, argumentNames, isReadOnly }: SearchedTool): void {
    const text = {
      name: name.slice(0, MAX_SEARCHED_CHARS),
      resource: resource.slice(0, MAX_SEARCHED_CHARS),
      method,
      tags: listOf(tags),
      description: description.slice(0, MAX_SEARCHED_CHARS),
      argumentNames: listOf(argumentNames),
    };
    const summary = summaryOf(description);
    this.#index.add({ id: this.#tools.length, ...text });
    this.#tools.push({ name, resource, isReadOnly, summary });
    this.#bytes += TOOL_BYTES + 2 * (name.length + resource.length + summary.length);
  }

  /**
   * Returns the tools that match any of the first 12 words of a query, the best first; an empty query matches none. Other
   * work runs between two words, because a word of a hostile document may be in every tool.
   */
  async search(query: string): Promise<FoundTool[]> {
    const words = [...new Set(wordsOf(query).flatMap((word) => plainWord(word) ?? []))].slice(0, MAX_QUERY_WORDS);
    const yieldTurn = createYielding(this.#holder);
    const found = new Map<number, { score: number; words: number }>();
    for (const word of words) {
      for (const { id, score } of this.#searchWord(word)) {
        const before = found.get(id);
        found.set(id, { score: (before?.score ?? 0) + score, words: (before?.words ?? 0) + 1 });
      }
      await yieldTurn();
    }
    // A tool that has all words is better than one that has one of them often.
    const rankOf = ([, { score, words }]: readonly [number, { score: number; words: number }]): number => score * words;
    return [...found].toSorted((a, b) => rankOf(b) - rankOf(a)).flatMap(([id]) => this.#tools[id] ?? []);
  }

  #searchWord(word: string): SearchResult[] {
    const exact = this.#index.search(word);
    return exact.length > 0 || word.length < 5 ? exact : this.#index.search(word, { prefix: false, fuzzy: 1 });
  }

  /** Notes a word that is added. Returns null for one too many: its tool is found by its other words. */
  #note(word: string | null): string | null {
    if (word === null || (!this.#words.has(word) && this.#words.size === MAX_WORDS)) {
      return null;
    }
    this.#bytes += this.#words.has(word) ? PLACE_BYTES : WORD_BYTES;
    this.#words.add(word);
    return word;
  }
}

/** Returns the form of a word in the index: in lower case, in the singular by its ending, and null for a word without content. */
function plainWord(word: string): string | null {
  const lower = word.toLowerCase();
  if (IGNORED.has(lower)) {
    return null;
  }
  const isPlural = lower.length > 3 && lower.endsWith('s') && !lower.endsWith('ss');
  return !isPlural ? lower : lower.endsWith('ies') ? `${lower.slice(0, -3)}y` : lower.slice(0, -1);
}

/** Returns the words of a text: `getUser-byId` and `get_user_by_id` have the same. */
const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/(\p{Ll}|\p{N})(?=\p{Lu})/gu, '$1 ')
    .replaceAll(/(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$1 ')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

const listOf = (words: readonly string[]): string =>
  words.slice(0, MAX_LISTED_WORDS).join(' ').slice(0, MAX_SEARCHED_CHARS);

function summaryOf(description: string): string {
  const [line = ''] = description.slice(0, MAX_SEARCHED_CHARS).trim().split('\n');
  return line.length > MAX_SUMMARY_CHARS ? `${line.slice(0, MAX_SUMMARY_CHARS)}…`.toWellFormed() : line;
}
