const MARKUP = /<\?xml [^<>?]*\?>|<(\/?)([A-Za-z][\w.-]*)((?:\s+[A-Za-z][\w.-]*="[^"<]*")*)\s*(\/?)>/y;
const TEXT = /[^<&]*/y;
const ENTITY = /&(?:amp|lt|gt|quot|apos);/g;

/** The names of the elements of an XML document, in order. Throws when it is not well-formed. */
export function wellFormed(xml: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const bare = xml.trim().replaceAll(ENTITY, '');
  for (let at = 0; at < bare.length; ) {
    MARKUP.lastIndex = at;
    TEXT.lastIndex = at;
    const markup = MARKUP.exec(bare);
    const length = (markup ?? TEXT.exec(bare))?.[0].length ?? 0;
    if (length === 0 || markup?.[3]?.includes('&') === true) {
      throw new Error(`not well-formed: ${bare.slice(at, at + 80)}`);
    }
    at += length;
    const [, closing, name, , empty] = markup ?? [];
    if (name !== undefined && closing === '/' && open.pop() !== name) {
      throw new Error(`</${name}> closes something else`);
    }
    if (name !== undefined && closing === '') {
      names.push(name);
      if (empty === '') {
        open.push(name);
      }
    }
  }
  if (open.length > 0 || names.length === 0) {
    throw new Error(`not closed: ${open.join(', ')}`);
  }
  return names;
}
