import { arrayOf, followSchema, type Node, nodeOf, type References } from './nodes.ts';
import type { FormMember, MultipartMember } from './types.ts';

type Plan<T> = Omit<T, 'argument' | 'name'>;

/**
 * Plans a member of a form. `encoding`: the member's encoding in the document, if there is one. Without one, objects are
 * JSON (OpenAPI 3.1.1, "Encoding the x-www-form-urlencoded Media Type").
 */
export function formMember(encoding: Node): Plan<FormMember> {
  const style = typeof encoding.style === 'string' ? encoding.style : 'form';
  const hasStyle = ['style', 'explode', 'allowReserved'].some((key) => encoding[key] !== undefined);
  return {
    style,
    explode: typeof encoding.explode === 'boolean' ? encoding.explode : style === 'form',
    allowReserved: encoding.allowReserved === true,
    ...(typeof encoding.contentType === 'string' && !hasStyle ? { mediaType: firstOf(encoding.contentType) } : {}),
    ...(encoding.contentType === undefined && !hasStyle ? { objectsAsJson: true } : {}),
  };
}

/**
 * Plans a part, and makes the schema of its argument: bytes are base64. A part is bytes if its schema says so, or if
 * its content type is neither JSON nor text; objects are JSON; an array becomes one part for each item.
 */
export function multipartMember(
  references: References,
  schema: unknown,
  encoding: Node,
): { readonly plan: Plan<MultipartMember>; readonly schema: unknown } {
  const whole = nodeOf(followSchema(references, schema).value);
  const many = [whole.type].flat().includes('array');
  const item = many ? nodeOf(followSchema(references, whole.items).value) : whole;
  const stated = typeof encoding.contentType === 'string' ? firstOf(encoding.contentType) : undefined;
  if (isBytes(item) || (stated !== undefined && !/[/+]json$|^text\//.test(stated))) {
    const bytes = { type: 'string', contentEncoding: 'base64' };
    const { description } = whole;
    return {
      plan: { mediaType: stated ?? mediaTypeOf(item) ?? 'application/octet-stream', encoding: 'base64', many },
      schema: {
        ...(many ? { type: 'array', items: bytes } : bytes),
        ...(description === undefined ? {} : { description }),
      },
    };
  }
  const isJson = stated === undefined ? !isScalar(item) : /[/+]json$/.test(stated);
  const mediaType = stated ?? (isJson ? 'application/json' : 'text/plain');
  return { plan: { mediaType, encoding: isJson ? 'json' : 'text', many }, schema };
}

const firstOf = (contentType: string): string => contentType.split(',')[0]?.trim().toLowerCase() ?? '';

/** Whether a schema describes bytes; `file` is a type of Swagger 2.0 that some documents keep. */
export const isBytes = (schema: Node): boolean =>
  schema.format === 'binary' ||
  schema.type === 'file' ||
  (mediaTypeOf(schema) !== undefined && schema.contentEncoding === undefined);

const mediaTypeOf = (schema: Node): string | undefined =>
  typeof schema.contentMediaType === 'string' ? schema.contentMediaType : undefined;

function isScalar(schema: Node): boolean {
  const types = [schema.type].flat().filter((type) => type !== undefined && type !== 'null');
  return types.length === 0
    ? arrayOf(schema.enum).length > 0
    : types.every((type) => type !== 'object' && type !== 'array');
}
