import { type RequestHandler, raw } from 'express';
import type { Operation } from '../contract/document.ts';
import { ApiError, invalid, type Mistake } from '../errors.ts';

/** Bytes that a body may have. */
const BODY_LIMIT = 4 * 1024 * 1024;
/** Levels that a body may be nested; what checks it goes down by recursion. */
const DEPTH_LIMIT = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads and parses the JSON body of an operation that has one, and refuses what no store could keep. */
export function readBody(operation: Operation): RequestHandler[] {
  if (operation.object.requestBody === undefined) {
    return [ignoreBody, refuseUnstorable];
  }
  return [requireJson, readBytes, parseJson, refuseUnstorable];
}

/** The validator compiles a schema for every media type it sees, and here anybody could send it new ones for ever. */
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

const readRaw = raw({ type: () => true, limit: BODY_LIMIT });
const readBytes: RequestHandler = (request, response, next) =>
  readRaw(request, response, (error?: unknown) => next(error === undefined ? undefined : bodyError(error)));

function bodyError(error: unknown): unknown {
  switch ((error as { type?: string }).type) {
    case 'entity.too.large':
      return new ApiError('body_too_large', `A body may have at most ${BODY_LIMIT / 1024 / 1024} MiB.`);
    case 'encoding.unsupported':
      return new ApiError('unsupported_media_type', 'The Content-Encoding is unknown; use gzip, deflate, br or none.');
    default:
      return (error as { status?: number }).status === 400
        ? new ApiError('malformed_json', 'The body did not arrive whole, or is not compressed as it says.')
        : error;
  }
}

const parseJson: RequestHandler = (request, _response, next) => {
  // The validator lets an absent body pass where the schema requires no property.
  if (!Buffer.isBuffer(request.body) || request.body.length === 0) {
    throw invalid([{ field: 'body', message: 'is required', rule: 'required' }]);
  }
  request.body = parse(request.body);
  next();
};

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not valid UTF-8';
    throw new ApiError('malformed_json', `The body is not valid JSON: ${withoutExcerpt(reason)}`);
  }
}

/** Parsers quote the text around a mistake, which may be a secret. */
const withoutExcerpt = (message: string): string => message.replace(/, (?:\.\.\.)?".*$/s, '');

const refuseUnstorable: RequestHandler = (request, _response, next) => {
  const mistakes = [
    ...unstorable(request.params, 'path', 0),
    ...unstorable(request.query, 'query', 0),
    ...unstorable(request.body, 'body', 0),
  ];
  if (mistakes.length > 0) {
    throw invalid(mistakes);
  }
  next();
};

/** Text that cannot be stored or answered as it came: NUL, lone surrogates; and keys and depths that only attackers send. */
function unstorable(value: unknown, field: string, depth: number): Mistake[] {
  if (typeof value === 'string') {
    return textMistakes(value, field);
  }
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  if (depth === DEPTH_LIMIT) {
    return [{ field, message: `is nested deeper than ${DEPTH_LIMIT} levels`, rule: 'depth' }];
  }
  return Object.entries(value).flatMap(([key, member]) => {
    const name = Array.isArray(value) ? `${field}.${key}` : `${field}.${key.toWellFormed().replaceAll('\0', '\ufffd')}`;
    return key === '__proto__'
      ? [{ field: name, message: 'unknown key', rule: 'unknown_key' }]
      : [...textMistakes(key, name), ...unstorable(member, name, depth + 1)];
  });
}

function textMistakes(text: string, field: string): Mistake[] {
  if (text.includes('\0')) {
    return [{ field, message: 'must not contain the character U+0000', rule: 'text' }];
  }
  return text.isWellFormed() ? [] : [{ field, message: 'must not contain half a surrogate pair', rule: 'text' }];
}
