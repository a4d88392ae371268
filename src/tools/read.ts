import { CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml';
import { DocumentError } from './errors.ts';

// YAML 1.2 with the merge key that documents written for older parsers use; dates stay text, as in JSON.
const SCHEMA = CORE_SCHEMA.withTags(mergeTag);

/** Brackets that a document may open: each is an object or a list, which takes many times its place in memory. */
const MOST_BRACKETS = 1_000_000;

/**
 * The value of a JSON or YAML text in UTF-8. Aliases of YAML are one object in many places, never copies. Throws a
 * DocumentError that names line and column.
 */
export function readDocument(source: Uint8Array | string): unknown {
  const text = typeof source === 'string' ? source : decode(source);
  refuseTooMany(text);
  if (/^\uFEFF?\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text.replace(/^\uFEFF/, ''));
    } catch (error) {
      return readYaml(text, jsonMistake(text, error));
    }
  }
  return readYaml(text);
}

/** The JSON parser minds no limit of memory. */
function refuseTooMany(text: string): void {
  let left = MOST_BRACKETS;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) {
        throw new DocumentError('The document holds more than a million objects and lists.');
      }
    }
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DocumentError('The document is not text in UTF-8.');
  }
}

/** `mistake` is what the JSON parser found: it knows better what is wrong where both refuse the text. */
function readYaml(text: string, mistake?: DocumentError): unknown {
  try {
    return load(text, { schema: SCHEMA });
  } catch (error) {
    if (mistake !== undefined) {
      throw mistake;
    }
    if (error instanceof YAMLException) {
      const place = error.mark === undefined ? null : placeAt(error.mark.line + 1, error.mark.column + 1);
      throw new DocumentError(`The document is not valid YAML: ${error.reason}`, place);
    }
    throw error;
  }
}

/** The engine names a position only in some of its messages; without one, YAML's parser is asked. */
function jsonMistake(text: string, error: unknown): DocumentError | undefined {
  const message = error instanceof Error ? error.message : String(error);
  const position = message.startsWith('Unexpected end') ? text.length : Number(/at position (\d+)/.exec(message)?.[1]);
  if (Number.isNaN(position)) {
    return undefined;
  }
  const lines = text.slice(0, position).split('\n');
  const reason = message.replace(/ (in JSON )?at position .*/s, '');
  return new DocumentError(
    `The document is not valid JSON: ${reason}`,
    placeAt(lines.length, (lines.at(-1) ?? '').length + 1),
  );
}

const placeAt = (line: number, column: number): string => `line ${line}, column ${column}`;
