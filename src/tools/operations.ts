import { DocumentError, Unusable } from './errors.ts';
import { escapePointer, isNode, type Node, quote, type References, textOf } from './nodes.ts';
import { convertSwagger, isSwagger2 } from './swagger.ts';
import { type Skipped, VERBS, type Verb } from './types.ts';

/** Operations that a document may have. */
const MAX_OPERATIONS = 10_000;
/** Characters of a path. */
const MAX_PATH_CHARS = 2_000;

/** An operation and its place. */
export type Site = {
  readonly verb: Verb;
  /** As in the document. */
  readonly path: string;
  /** The path without the query and the fragment that it may hold: neither is a part of a path. */
  readonly template: string;
  /** The query of the path, encoded; empty for none. */
  readonly query: string;
  readonly item: Node;
  readonly operation: Node;
  /** The path has a PATCH. */
  readonly hasPatch: boolean;
};

/**
 * Returns the document if it is an OpenAPI 3.0 or 3.1 document with paths, and Swagger 2.0 as OpenAPI 3.0. Otherwise throws a DocumentError that names
 * the actual format and, if possible, a remedy.
 */
export function checkDocument(value: unknown): Node {
  if (!isNode(value)) {
    throw new DocumentError('The document is not an object, so it is not an OpenAPI document.');
  }
  if (isSwagger2(value)) {
    return checkDocument(convertSwagger(value));
  }
  if (value.swagger !== undefined) {
    throw new DocumentError(
      `The document is Swagger ${textOf(value.swagger).slice(0, 20)}. Convert it to Swagger 2.0 or OpenAPI 3 first.`,
      '/swagger',
    );
  }
  if (value.openapi === undefined) {
    throw new DocumentError('The document has no `openapi` version, so it is not an OpenAPI document.');
  }
  if (!/^3\.[01](\.|$)/.test(textOf(value.openapi))) {
    throw new DocumentError(
      `OpenAPI ${quote(textOf(value.openapi))} is not supported; OpenAPI 3.0 and 3.1 are.`,
      '/openapi',
    );
  }
  if (!isNode(value.paths)) {
    throw new DocumentError('The document has no paths, so it gives no tools.', '/paths');
  }
  return value;
}

/**
 * Returns the operations of a document, in its order, and the unreadable ones with the reason. They and their paths may be
 * references. Throws a DocumentError
 * if there are more than 10,000.
 */
export function operationsOf(document: Node, references: References): { sites: Site[]; broken: Skipped[] } {
  const sites: Site[] = [];
  const broken: Skipped[] = [];
  for (const [path, value] of Object.entries(document.paths as Node)) {
    if (path.startsWith('x-')) {
      continue;
    }
    const item = itemOf(references, path, value);
    if (typeof item === 'string') {
      broken.push({ operation: `* ${path.slice(0, MAX_PATH_CHARS)}`, reason: item });
      continue;
    }
    const [template, query] = splitPath(path);
    for (const verb of VERBS) {
      const value = item[verb.toLowerCase()];
      if (value !== undefined) {
        const operation = objectOr(references, value);
        if (typeof operation === 'string') {
          broken.push({ operation: `${verb} ${path}`, reason: operation });
        } else {
          sites.push({ verb, path, template, query, item, operation, hasPatch: item.patch !== undefined });
        }
      }
    }
    if (sites.length + broken.length > MAX_OPERATIONS) {
      throw new DocumentError('The document has more than 10,000 operations.', '/paths');
    }
  }
  return { sites, broken };
}

/** The path item, or why it cannot be used. */
function itemOf(references: References, path: string, value: unknown): Node | string {
  if (!path.startsWith('/')) {
    return 'Its path does not begin with a slash.';
  }
  if (path.length > MAX_PATH_CHARS) {
    return 'Its path is longer than 2,000 characters.';
  }
  if (/^[^#?]*\?[^#]*\{/.test(path)) {
    return 'Its path holds a `{…}` behind a `?`: declare it as a parameter of the query.';
  }
  const item = objectOr(references, value);
  return item === NOT_AN_OBJECT ? `\`/paths/${escapePointer(path)}\` is not an object.` : item;
}

const NOT_AN_OBJECT = 'It is not an object.';

/** The object, which may be referenced, or why there is none. */
function objectOr(references: References, value: unknown): Node | string {
  try {
    const found = references.follow(value).value;
    return isNode(found) ? found : NOT_AN_OBJECT;
  } catch (error) {
    if (error instanceof Unusable) {
      return error.message;
    }
    throw error;
  }
}

/** Some documents tell operations of one path apart by a query or a fragment. */
function splitPath(path: string): [template: string, query: string] {
  const [before = ''] = path.split('#');
  const at = before.indexOf('?');
  return at < 0 ? [before, ''] : [before.slice(0, at), new URLSearchParams(before.slice(at + 1)).toString()];
}
