import { createHash } from 'node:crypto';
import pluralize from 'pluralize';

/** One operation of a document, as the wire page names it. */
export type Named = { verb: string; path: string; resource: string; method: string; name: string };

/**
 * The rules of the wire page for resources, methods and names, written a second time and in another way, from the page
 * alone.
 */
export function nameAll(
  integration: string,
  paths: Readonly<Record<string, Readonly<Record<string, { operationId?: string }>>>>,
): Named[] {
  const drafts: Named[] = [];
  for (const path of Object.keys(paths)) {
    const verbs = Object.keys(paths[path] ?? {});
    for (const key of verbs.filter((verb) => /^(get|put|post|patch|delete|head|options|trace)$/.test(verb))) {
      const id = paths[path]?.[key]?.operationId ?? '';
      const draft = { verb: key.toUpperCase(), path, resource: resource(path), method: '', name: '' };
      draft.method = method(key, path, verbs.includes('patch')) ?? custom(key, path, id);
      draft.name = natural(integration.replaceAll('-', '_'), draft);
      drafts.push(draft);
    }
  }
  return drafts.map((draft) => {
    const twins = drafts.filter((other) => other.name === draft.name).length;
    const hash = createHash('sha256').update(`${draft.verb} ${draft.path}`).digest('hex').substring(0, 8);
    return twins > 1 || draft.name.length > 64 ? { ...draft, name: `${draft.name.substring(0, 55)}_${hash}` } : draft;
  });
}

const parts = (path: string): string[] => path.split('/').slice(1);
const isParameter = (part: string): boolean => part.startsWith('{');

function resource(path: string): string {
  let text = '';
  for (const part of parts(path)) {
    if (!isParameter(part)) {
      text += `${text === '' ? '' : '_'}${words(part).join('_')}`;
    }
  }
  return text;
}

function method(verb: string, path: string, hasPatch: boolean): string | undefined {
  const one = isParameter(parts(path).at(-1) ?? '');
  const table: Record<string, string> = one
    ? { get: 'get', patch: 'update', delete: 'delete', ...(hasPatch ? {} : { put: 'update' }) }
    : { get: 'list', post: 'create' };
  return table[verb];
}

const custom = (verb: string, path: string, id: string): string =>
  words(id === '' ? `${verb} ${parts(path).at(-1)}` : id).join('_');

function natural(integration: string, { resource, method }: Named): string {
  const all = resource.split('_');
  const one = all.map((word, index) => (index === all.length - 1 ? pluralize.singular(word) : word)).join('_');
  const patterns: Record<string, string> = {
    list: `list_all_${integration}_${resource}`,
    get: `get_single_${integration}_${one}_by_id`,
    create: `create_a_${integration}_${one}`,
    update: `update_a_${integration}_${one}_by_id`,
    delete: `delete_a_${integration}_${one}_by_id`,
  };
  return patterns[method] ?? `${integration}_${one}_${method}`;
}

/** Reads letter by letter: a capital after a small letter or a digit begins a word, so does one before a small one. */
function words(text: string): string[] {
  const found: string[] = [''];
  [...text].forEach((letter, index) => {
    const [before = '', after = ''] = [text[index - 1], text[index + 1]];
    if (!/[A-Za-z0-9]/.test(letter)) {
      found.push('');
      return;
    }
    if (/[A-Z]/.test(letter) && (/[a-z0-9]/.test(before) || (/[A-Z]/.test(before) && /[a-z]/.test(after)))) {
      found.push('');
    }
    found.push((found.pop() ?? '') + letter.toLowerCase());
  });
  return found.filter((word) => word !== '');
}
