import { endOfString } from '../base/json-text.ts';

const [QUOTE, COMMA] = [0x22, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
/** Levels that are looked at: the envelope, and the objects directly in it. */
const MAX_LEVELS = 2;

/** Members that an object in these levels may have: the protocol has a handful, and each is compared with all others. */
export const MAX_MEMBERS = 1000;

/** An object in the two outer levels has more members than are compared. */
export class TooManyMembers extends Error {
  override readonly name = 'TooManyMembers';
}

/** A name as readers see it who do not tell cases apart: to them the long s is an s, and the sign for kelvin a k. */
export const foldCase = (name: string): string => name.toUpperCase().toLowerCase();

/**
 * Whether an object in the two outer levels of a JSON text has two members whose names are equal up to case; of the
 * ones that are wholly equal `JSON.parse` shows only the last. The text must be valid JSON. Throws TooManyMembers.
 */
export function repeatsMember(text: string): boolean {
  // The names seen so far in each object that is open; null for lists, and below the levels that are looked at.
  const open: (Set<string> | null)[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const names = open.at(-1) ?? null;
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isName && names !== null) {
        const name = foldCase(nameIn(text.slice(at + 1, end)));
        if (names.has(name)) {
          return true;
        }
        names.add(name);
        if (names.size > MAX_MEMBERS) {
          throw new TooManyMembers();
        }
      }
      isName = false;
      at = end;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      isName = code === OPEN_OBJECT;
      open.push(isName && open.length < MAX_LEVELS ? new Set() : null);
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      open.pop();
      isName = false;
    } else if (code === COMMA) {
      isName = names !== null;
    }
  }
  return false;
}

/** A name as it is meant: most are written as they are. */
const nameIn = (quoted: string): string => (quoted.includes('\\') ? (JSON.parse(`"${quoted}"`) as string) : quoted);
