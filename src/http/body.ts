import type { RequestHandler } from 'express';
import { ApiError, invalid, type Mistake } from '../base/errors.ts';
import { nextTurn } from '../base/event-loop-turns.ts';
import { QueueFull } from '../base/fair-queue.ts';
import { measureJson } from '../base/fast/measure-json.ts';
import { MAX_BODY_LEVELS, MAX_BODY_VALUES, MAX_KEY_CHARS, MAX_MISTAKES, MAX_SHOWN_KEY_CHARS } from '../base/limits.ts';
import { type MemoryBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import { MemoryScope } from '../base/memory-scope.ts';
import { bytesOfValues, countedParsed } from '../base/parsed-bytes.ts';
import { readJson } from '../base/read-json.ts';
import type { Operation } from '../contract/document.ts';
import { holderOf, memoryOf } from './memory.ts';
import { readBytes } from './read-bytes.ts';
import { splitOpaque } from './split-opaque.ts';
import { whenClosed } from './when-closed.ts';

/** Bytes that a body may have, unless its operation says otherwise. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads and parses the JSON body of an operation that has one, and refuses bodies that the store could not keep. Holds
 * the memory of the request in the budget until the answer is sent.
 */
export function readBody(operation: Operation, budget: MemoryBudget): RequestHandler[] {
  if (operation.object.requestBody === undefined) {
    return [beginMemory(budget), ignoreBody, refuseUnstorable];
  }
  const { 'x-body-limit': limit = MAX_BODY_BYTES, 'x-opaque': opaque } = operation.object;
  const parse = opaque === undefined ? parseJson : parseAround(opaque);
  return [beginMemory(budget), requireJson, readInto(limit), parse, refuseUnstorable];
}

/** The validator compiles a schema for every media type that it sees, and clients could send new ones without end. */
const ignoreBody: RequestHandler = (request, _response, next) => {
  delete request.headers['content-type'];
  next();
};

const requireJson: RequestHandler = (request, _response, next) => {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (type !== 'application/json' || (charset !== undefined && charset.replaceAll('"', '') !== 'utf-8')) {
    throw new ApiError('unsupported_media_type', 'Send the body as Content-Type: application/json, in UTF-8.');
  }
  request.headers['content-type'] = 'application/json';
  next();
};

const beginMemory =
  (budget: MemoryBudget): RequestHandler =>
  (request, response, next) => {
    const memory = new MemoryScope(budget, holderOf(request.caller), () => response.destroy());
    whenClosed(response, () => memory.release());
    request.memory = memory;
    next();
  };

const readInto =
  (limit: number): RequestHandler =>
  async (request, response, next) => {
    request.body = await readBytes(request, response, limit, memoryOf(request));
    next();
  };

const parseJson: RequestHandler = async (request, _response, next) => {
  const bytes = bytesOf(request.body);
  const { values } = measureJson(bytes, MAX_BODY_VALUES);
  const parsed = countedParsed(bytesOfValues(bytes.length, values));
  if (parsed > 0) {
    memoryOf(request).hold('bodies', parsed);
  }
  if (values > MAX_BODY_VALUES) {
    throw tooManyValues();
  }
  if (bytes.length > SMALL_BYTES) {
    await nextTurn(memoryOf(request).holder);
  }
  request.body = parse(bytes);
  next();
};

/** Parses a body with a key that is handed on as bytes; a large one on another thread, since parsing it takes a while. */
function parseAround(key: string): RequestHandler {
  return async (request, _response, next) => {
    const bytes = bytesOf(request.body);
    // The worker parses one at a time, in memory of its own; what it takes out of the body is as large as that.
    memoryOf(request).hold('bodies', bytes.length);
    const { body, opaque } = await splitOpaque(bytes, key, memoryOf(request).holder ?? 'operator').catch(
      (error: unknown) => {
        throw error instanceof QueueFull ? error : malformed(error);
      },
    );
    request.body = opaque === undefined ? body : { ...(body as object), [key]: opaque };
    next();
  };
}

/** The validator lets an absent body pass where the schema requires no property. */
function bytesOf(body: unknown): Buffer {
  if (!Buffer.isBuffer(body) || body.length === 0) {
    throw invalid([{ field: 'body', message: 'is required', rule: 'required' }]);
  }
  return body;
}

function parse(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw malformed(error);
  }
  try {
    return readJson(text);
  } catch (error) {
    throw malformed(error);
  }
}

const tooManyValues = (): ApiError =>
  invalid([{ field: 'body', message: `holds more than ${MAX_BODY_VALUES} values`, rule: 'values' }]);

function malformed(error: unknown): ApiError {
  const reason = error instanceof SyntaxError ? error.message : 'it is not valid UTF-8';
  return new ApiError('malformed_json', `The body is not valid JSON: ${withoutExcerpt(reason)}`, { cause: error });
}

/** Parsers quote the text around a mistake, which may be a secret. */
const withoutExcerpt = (message: string): string => message.replace(/, (?:\.\.\.)?".*$/s, '');

const refuseUnstorable: RequestHandler = (request, _response, next) => {
  const walk: Walk = { mistakes: [], values: 0 };
  findUnstorable(walk, request.params, 'path', 0);
  findUnstorable(walk, request.query, 'query', 0);
  findUnstorable(walk, request.body, 'body', 0);
  if (walk.mistakes.length > 0) {
    throw invalid(walk.mistakes.slice(0, MAX_MISTAKES));
  }
  next();
};

type Walk = { readonly mistakes: Mistake[]; values: number };

/**
 * Text that cannot be stored or answered as it came (NUL, lone surrogates), and keys, depths and numbers of values that
 * only attackers send: validation reports every mistake, so it must not be given millions. Throws when there are too many
 * values to go on.
 */
function findUnstorable(walk: Walk, value: unknown, field: string, depth: number): void {
  walk.values += 1;
  if (walk.values > MAX_BODY_VALUES) {
    throw tooManyValues();
  }
  if (walk.mistakes.length >= MAX_MISTAKES) {
    return;
  }
  if (typeof value === 'string') {
    walk.mistakes.push(...textMistakes(value, field));
    return;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return;
  }
  if (depth === MAX_BODY_LEVELS) {
    walk.mistakes.push({ field, message: `is nested deeper than ${MAX_BODY_LEVELS} levels`, rule: 'depth' });
    return;
  }
  for (const key of Object.keys(value)) {
    const name = `${field}.${key.slice(0, MAX_SHOWN_KEY_CHARS).toWellFormed().replaceAll('\0', '\ufffd')}`;
    if (key === '__proto__') {
      walk.mistakes.push({ field: name, message: 'unknown key', rule: 'unknown_key' });
    } else if (key.length > MAX_KEY_CHARS) {
      walk.mistakes.push({ field: name, message: `is a key of more than ${MAX_KEY_CHARS} characters`, rule: 'key' });
    } else {
      walk.mistakes.push(...textMistakes(key, name));
      findUnstorable(walk, (value as Record<string, unknown>)[key], name, depth + 1);
    }
  }
}

function textMistakes(text: string, field: string): Mistake[] {
  if (text.includes('\0')) {
    return [{ field, message: 'must not contain the character U+0000', rule: 'text' }];
  }
  return text.isWellFormed() ? [] : [{ field, message: 'must not contain half a surrogate pair', rule: 'text' }];
}
