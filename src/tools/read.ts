import { CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml';
import { readJson } from '../base/read-json.ts';
import { DocumentError } from './errors.ts';

// YAML 1.2 with the merge key that documents written for older parsers use; dates stay text, as in JSON.
const SCHEMA = CORE_SCHEMA.withTags(mergeTag);

/**
 * Signs of values that a document may hold. Values take many times their place in memory, in YAML more than in JSON, and
 * a parser that runs out of memory can take the whole process with it, so they are counted before.
 */
const JSON_SIGNS = { sign: /[{[,]/g, most: 1_000_000 };
const YAML_SIGNS = { sign: /[{[,]|- |:(?=\s)|\r\n?|\n/g, most: 1_100_000 };

/**
 * Parses a JSON or YAML text in UTF-8. An alias of YAML is the same object, never a copy. Throws a DocumentError that
 * names line and column, and one for more than about a million values.
 */
export function readDocument(source: Uint8Array | string): unknown {
  const text = (typeof source === 'string' ? source : decode(source)).replace(/^\uFEFF/, '');
  if (!/^\s*[{[]/.test(text)) {
    return readYaml(text);
  }
  refuseCrowded(text, JSON_SIGNS);
  try {
    return readJson(text);
  } catch (error) {
    return readYaml(text, jsonMistake(text, error));
  }
}

function refuseCrowded(text: string, { sign, most }: typeof JSON_SIGNS): void {
  sign.lastIndex = 0;
  for (let count = 0; sign.test(text); count += 1) {
    if (count > most) {
      throw new DocumentError('The document contains more than a million values.');
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
    refuseCrowded(text, YAML_SIGNS);
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
  const reason = message.replace(/ (in JSON )?at position .*/s, '');
  const lineStart = text.lastIndexOf('\n', position - 1) + 1;
  return new DocumentError(
    `The document is not valid JSON: ${reason}`,
    placeAt(lineOf(text, lineStart), position - lineStart + 1),
  );
}

function lineOf(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}

const placeAt = (line: number, column: number): string => `line ${line}, column ${column}`;
