import { endOfString } from '../base/json-text.ts';

const [QUOTE, COMMA] = [0x22, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
/** The number of checked levels: the message, and the objects directly in it. */
const MAX_LEVELS = 2;

/**
 * The maximum number of members of an object on these levels: the protocol defines few, and each is compared with all
 * others.
 */
export const MAX_MEMBERS = 1000;

/** An object on the two outer levels has too many members. */
export class TooManyMembers extends Error {
  override readonly name = 'TooManyMembers';
}

/** Folds the case of a name like readers that ignore case: the long s becomes an s, and the kelvin sign a k. */
export const foldCase = (name: string): string => name.toUpperCase().toLowerCase();

/**
 * Whether an object on the two outer levels of a JSON text has two members with names that are equal apart from case;
 * `JSON.parse` shows only the last of equal ones. The text must be valid JSON. Throws TooManyMembers.
 */
export function repeatsMember(text: string): boolean {
  // The names so far in each open object; null for lists, and below the checked levels.
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

/** Decodes a name. Few names contain escapes. */
const nameIn = (quoted: string): string => (quoted.includes('\\') ? (JSON.parse(`"${quoted}"`) as string) : quoted);
