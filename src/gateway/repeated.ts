const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
/** Levels that are looked at: the envelope, and the objects directly in it. */
const LEVELS = 2;

/** A name as readers see it who do not tell cases apart: to them the long s is an s, and the sign for kelvin a k. */
export const foldCase = (name: string): string => name.toUpperCase().toLowerCase();

/**
 * Whether an object in the two outer levels of a JSON text has two members whose names are equal up to case; of the
 * ones that are wholly equal `JSON.parse` shows only the last. The text must be valid JSON.
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
        const name = foldCase(JSON.parse(text.slice(at, end + 1)) as string);
        if (names.has(name)) {
          return true;
        }
        names.add(name);
      }
      isName = false;
      at = end;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      isName = code === OPEN_OBJECT;
      open.push(isName && open.length < LEVELS ? new Set() : null);
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      open.pop();
      isName = false;
    } else if (code === COMMA) {
      isName = names !== null;
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) {
      backslashes++;
    }
    if (backslashes % 2 === 0) {
      return end;
    }
  }
}
