import { isObject } from './is-object.ts';

/** A place in which two JSON values differ: a JSON Pointer (RFC 6901). A value is undefined where there is none. */
export type Difference = { readonly path: string; readonly before: unknown; readonly after: unknown };

/**
 * Returns the differences between two JSON values, the smallest that there are, in the order of their members, first those
 * of `after`. The order of members is no difference; numbers differ as they are written.
 */
export function differencesOf(before: unknown, after: unknown, path = ''): Difference[] {
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(after), ...Object.keys(before)]);
    return [...names].flatMap((name) =>
      differencesOf(memberOf(before, name), memberOf(after, name), `${path}/${escaped(name)}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => differencesOf(before[index], after[index], `${path}/${index}`)).flat();
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

const memberOf = (object: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
