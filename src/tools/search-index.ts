import MiniSearch from 'minisearch';
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
/** The maximum number of places in which a word of a query is looked up, with the words like it: those of a large service. */
const MAX_PLACES = 20_000;
/** The lengths from which on a word finds words that begin with it, and words that differ in a letter. */
const MIN_PREFIX_CHARS = 4;
const MIN_FUZZY_CHARS = 5;
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
  /** The number of places of each word. */
  readonly #places = new Map<string, number>();
  readonly #index = new MiniSearch({
    fields: ['name', 'resource', 'method', 'tags', 'description', 'argumentNames'],
    tokenize: wordsOf,
    processTerm: (word) => this.#note(plainWord(word)),
    searchOptions: {
      boost: { name: 3, resource: 3, method: 2, tags: 1.5, description: 2, argumentNames: 0.5 },
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
   * Returns the tools that match any of the first 12 words of a query, the best first; an empty query matches none. Words of
   * a hostile document may be in every tool, and be all alike: other work runs between two words of the index, a word in
   * more than 20,000 places is not found, and of words that are alike those that are most.
   */
  async search(query: string): Promise<FoundTool[]> {
    const words = [...new Set(wordsOf(query).flatMap((word) => plainWord(word) ?? []))].slice(0, MAX_QUERY_WORDS);
    const yieldTurn = createYielding(this.#holder);
    const found = new Map<number, { score: number; words: number }>();
    for (const word of words) {
      const scores = new Map<number, number>();
      for (const [like, weight] of this.#wordsLike(word)) {
        for (const { id, score } of this.#index.search(like)) {
          scores.set(id, (scores.get(id) ?? 0) + weight * score);
        }
        await yieldTurn();
      }
      for (const [id, score] of scores) {
        const before = found.get(id);
        found.set(id, { score: (before?.score ?? 0) + score, words: (before?.words ?? 0) + 1 });
      }
    }
    // A tool that has all words is better than one that has one of them often.
    const rankOf = ([, { score, words }]: readonly [number, { score: number; words: number }]): number => score * words;
    return [...found].toSorted((a, b) => rankOf(b) - rankOf(a)).flatMap(([id]) => this.#tools[id] ?? []);
  }

  /** Returns the words of the index that a word finds, with their weights, those of MiniSearch; the best first. */
  #wordsLike(word: string): Like[] {
    const found: Like[] = this.#places.has(word) ? [[word, 1]] : [];
    if (word.length >= MIN_PREFIX_CHARS) {
      found.push(
        ...this.#wordsWhere(
          (other) => other.startsWith(word),
          PREFIX_WEIGHT,
          (chars) => 0.3 * chars,
          word,
        ),
      );
    }
    if (found.length === 0 && word.length >= MIN_FUZZY_CHARS) {
      found.push(
        ...this.#wordsWhere(
          (other) => isOneEditAway(word, other),
          FUZZY_WEIGHT,
          () => 1,
          word,
        ),
      );
    }
    let left = MAX_PLACES;
    return found.filter(([like]) => {
      const places = this.#places.get(like) ?? 0;
      const fits = places <= left;
      left -= fits ? places : 0;
      return fits;
    });
  }

  #wordsWhere(
    isLike: (other: string) => boolean,
    weight: number,
    distanceOf: (moreChars: number) => number,
    word: string,
  ): Like[] {
    return [...this.#places.keys()]
      .filter((other) => other !== word && isLike(other))
      .map((other): Like => [other, (weight * other.length) / (other.length + distanceOf(other.length - word.length))])
      .toSorted(([, a], [, b]) => b - a);
  }

  /** Notes a word that is added. Returns null for one too many: its tool is found by its other words. */
  #note(word: string | null): string | null {
    if (word === null || (!this.#places.has(word) && this.#places.size === MAX_WORDS)) {
      return null;
    }
    this.#bytes += this.#places.has(word) ? PLACE_BYTES : WORD_BYTES;
    this.#places.set(word, (this.#places.get(word) ?? 0) + 1);
    return word;
  }
}

/** A word of the index, and how much it counts. */
type Like = readonly [word: string, weight: number];
const [PREFIX_WEIGHT, FUZZY_WEIGHT] = [0.375, 0.45];

/** Whether one letter makes one word of the other: a changed one, one more, or one less. */
function isOneEditAway(a: string, b: string): boolean {
  if (a.length > b.length) {
    return isOneEditAway(b, a);
  }
  if (b.length > a.length + 1 || a === b) {
    return false;
  }
  let at = 0;
  while (at < a.length && a[at] === b[at]) {
    at++;
  }
  return a.slice(at + (a.length === b.length ? 1 : 0)) === b.slice(at + 1);
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
